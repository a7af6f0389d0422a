"""By TensorFlow Model Analysis: `analyze_raw_data` over a table of predictions. Runs where that package is installed."""

import json
import sys
import time

import numpy as np
import pandas as pd
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

with np.load(sys.argv[1]) as stored:
    frame = pd.DataFrame({name: stored[name] for name in stored.files})
columns = [name for name in frame if name.startswith("c")]
for name in columns:
    frame[name] = frame[name].astype(str)
frame = frame.rename(columns={"labels": "label", "scores": "prediction"})
config = text_format.Parse(
    'model_specs { label_key: "label" prediction_key: "prediction" } metrics_specs { '
    + " ".join(f'metrics {{ class_name: "{name}" }}' for name in ("AUC", "BinaryAccuracy", "Precision", "Recall"))
    + " } "
    + " ".join(f'slicing_specs {{ feature_keys: "{name}" }}' for name in columns),
    config_pb2.EvalConfig(),
)
began = time.perf_counter()
result = tfma.analyze_raw_data(frame, config)
seconds = time.perf_counter() - began
names = {"auc": "auc", "accuracy": "binary_accuracy", "precision": "precision", "recall": "recall"}
found = {}
for where, outputs in result.slicing_metrics:
    if where:
        figures = outputs[""][""]
        (column, value), = where
        found[f"{column}={value}"] = {ours: figures[theirs]["doubleValue"] for ours, theirs in names.items()}
print(json.dumps({"seconds": seconds, "slices": found}))
