"""The MLflow model around an exported SavedModel: every way of asking that MLflow has gives the same answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tensorflow as tf

from tfrun.tracking.mlflow_model import save_model

ROWS = [{"word": "grün", "number": 2.0}, {"word": "red", "number": 1.0}]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A SavedModel of a string and a number, as MLflow loads it."""
    import mlflow

    class Lengths(tf.Module):
        @tf.function
        def call(self, word, number):
            return {"probabilities": tf.stack([tf.cast(tf.strings.length(word), tf.float32), number], axis=1)}

    run = tmp_path_factory.mktemp("run")
    lengths = Lengths()
    given = {"word": tf.TensorSpec([None], tf.string, "word"), "number": tf.TensorSpec([None], tf.float32, "number")}
    saved = run / "exports/saved_model"
    tf.saved_model.save(lengths, str(saved), {"serving_default": lengths.call.get_concrete_function(**given)})
    inputs = [{"name": name, "dtype": spec.dtype.name, "shape": [None]} for name, spec in given.items()]
    outputs = [{"name": "probabilities", "dtype": "float32", "shape": [None, 2]}]
    (run / "exports/contract.json").write_text(
        json.dumps({"signatures": {"serving_default": {"inputs": inputs, "outputs": outputs}}})
    )
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    save_model(run, saved, Path(folder))
    return mlflow.pyfunc.load_model(str(folder))


@pytest.mark.parametrize(
    "body",
    [{"instances": ROWS}, {"inputs": {key: [row[key] for row in ROWS] for key in ROWS[0]}}, {"dataframe_records": ROWS}],
    ids=lambda body: next(iter(body)),
)
def test_strings_and_numbers_in_every_form(model, body):
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    answer = model.predict(infer_and_parse_data(body, model.metadata.get_input_schema()))
    assert answer["probabilities"].tolist() == [[5.0, 2.0], [3.0, 1.0]]  # bytes of UTF-8
