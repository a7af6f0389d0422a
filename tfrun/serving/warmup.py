"""Requests that TensorFlow Serving answers to itself before a version takes traffic, so that no caller waits for a first call.

The format is TensorFlow Serving's: `assets.extra/tf_serving_warmup_requests`, a TFRecord file of PredictionLog protos.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
LARGEST = 1000  # requests; TensorFlow Serving refuses a model with more


def write(version: Path, name: str, rows: Iterable[dict[str, np.ndarray]]) -> None:
    """version: folder of a SavedModel. name: of the model in the server. rows: raw inputs of one row, by name."""
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    (version / FILE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(version / FILE)) as file:
        for row in rows:
            log = PredictionLog()
            request = log.predict_log.request
            request.model_spec.name, request.model_spec.signature_name = name, "serving_default"
            for key, value in row.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(np.asarray(value)[None]))
            file.write(log.SerializeToString())


def replay(version: str) -> dict[str, int]:
    """Answers every request, as the server will. Returns {"requests": …, "peak_memory_bytes": … of this process}.

    Raises what TensorFlow raises for a model that cannot be loaded, or a request that it cannot answer.
    """
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    from tfrun.export.runtime.worker import peak_memory

    signatures = tf.saved_model.load(version).signatures
    file = Path(version) / FILE
    records = list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator()) if file.exists() else []
    for record in records:
        request = PredictionLog.FromString(record).predict_log.request
        batch = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        signatures[request.model_spec.signature_name](**batch)
    return {"requests": len(records), "peak_memory_bytes": peak_memory()}
