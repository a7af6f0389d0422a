"""Made this folder: `python tests/transform/tft_flights/make.py`, with tensorflow-transform 1.16.0 and TensorFlow 2.16.2.

What TFT itself gives for two rows is printed, and stands in tests/transform/test_tft.py. Data: the flights sample (CC0).
"""

import csv
import gzip
import tempfile
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

HERE = Path(__file__).resolve().parent
FLIGHTS = HERE.parents[2] / "tfrun/samples/flights/flights.csv.gz"
SPEC = {
    "distance": tf.io.FixedLenFeature([], tf.float32),
    "hour": tf.io.FixedLenFeature([], tf.float32),
    "carrier": tf.io.FixedLenFeature([], tf.string),
}


def preprocessing_fn(inputs):
    carrier = tft.compute_and_apply_vocabulary(inputs["carrier"], num_oov_buckets=1)
    return {
        "distance": tft.scale_to_z_score(inputs["distance"]),
        "hour": tft.scale_to_0_1(inputs["hour"]),
        "carrier": tf.one_hot(carrier, 17),
    }


if __name__ == "__main__":
    with gzip.open(FLIGHTS, "rt") as file:
        rows = [row for row in csv.DictReader(file) if int(row["month"]) <= 6][:1000]
    rows = [{"distance": float(row["distance"]), "hour": float(row["hour"]), "carrier": row["carrier"]} for row in rows]
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(SPEC))
    with tft_beam.Context(temp_dir=tempfile.mkdtemp()):
        transform_fn = (rows, metadata) | tft_beam.AnalyzeDataset(preprocessing_fn)
        transform_fn | tft_beam.WriteTransformFn(str(HERE))
    two = {"distance": tf.constant([100.0, 2000.0]), "hour": tf.constant([6.0, 20.0]), "carrier": tf.constant(["UA", "nope"])}
    for name, values in tft.TFTransformOutput(str(HERE)).transform_raw_features(two).items():
        print(name, values.numpy().tolist())
