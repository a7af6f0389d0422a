"""By tfrun's evaluation, from columns of words."""

import json
import sys
import time
from types import SimpleNamespace

import numpy as np
import pyarrow  # noqa: F401  (imports are left out)

from tfrun.evaluation.slices import slicing
from tfrun.evaluation.standard import Standard

METRICS = ["auc", "accuracy", "precision", "recall"]


def measured(evaluation, split, probabilities) -> tuple[float, dict]:
    began, found = time.perf_counter(), {}
    for name in split.columns:
        for value, figures in evaluation.by_slice(split.labels, probabilities, slicing(split, name), 2).items():
            found[f"{name}={value}"] = {metric: figures[metric] for metric in METRICS}
    return time.perf_counter() - began, found


with np.load(sys.argv[1]) as stored:
    labels, scores = stored["labels"], stored["scores"]
    columns = {name: stored[name].astype(str).astype(object) for name in stored.files if name.startswith("c")}
split = SimpleNamespace(labels=labels, columns=columns, facts={})
probabilities = np.stack([1 - scores, scores], axis=1)
seconds, found = measured(Standard(metrics=METRICS, resamples=0), split, probabilities)
with_intervals, _ = measured(Standard(metrics=METRICS), split, probabilities)
print(json.dumps({"seconds": seconds, "intervals": with_intervals - seconds, "slices": found}))
