"""The Beam step that asks the model: serialized tf.Examples -> TFMA's extracts, one a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import numpy as np

from tfrun.analysis.layout import Layout

SPACE = "tfrun"  # of the counters
UNLABELLED, UNKNOWN = "have no label", "are of a class that the model does not know"


class Answer(beam.DoFn):
    """model: folder or address of the SavedModel, loaded once a worker."""

    def __init__(self, model: str, layout: Layout):
        self.model, self.layout = model, layout
        self.left_out = {reason: beam.metrics.Metrics.counter(SPACE, reason) for reason in (UNLABELLED, UNKNOWN)}

    def setup(self) -> None:
        import tensorflow as tf

        self._loaded = tf.saved_model.load(self.model)  # kept: its signatures do not keep its weights
        self._signature = self._loaded.signatures["serving_bytes"]

    def process(self, records: list[bytes]) -> Iterator[dict[str, Any]]:
        """Yields {"input": the record, "features": {column: str [1]}, "labels": int [1], "predictions": float32 [classes]}."""
        import tensorflow as tf

        kept = [(record, *row) for record in records if (row := self._row(record)) is not None]
        if not kept:
            return
        requests = tf.constant([request for _, request, *_ in kept])
        answers = self._signature(**{self.layout.argument: requests})["probabilities"].numpy()
        for (record, _, label, slices), answer in zip(kept, answers, strict=True):
            features = {name: np.array([value]) for name, value in slices.items()}
            yield {"input": record, "features": features, "labels": np.array([label]), "predictions": answer}

    def _row(self, record: bytes) -> tuple[bytes, int, dict[str, str]] | None:
        """(request, label, value by slice column). None: it cannot be judged, and is counted."""
        import tensorflow as tf

        example = tf.train.Example.FromString(record)
        label = self.layout.class_of(example)
        if label is None or label < 0:
            self.left_out[UNLABELLED if label is None else UNKNOWN].inc()
            return None
        return self.layout.request(record, example), label, self.layout.slices(example)
