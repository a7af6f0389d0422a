"""Ways in which a conversion goes wrong without an error; two more are in test_exports (weights lost, weights doubled)."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrun.export import tflite_file


class Served(tf.Module):
    """With an attribute `serve`, which the converter takes for the sign of a Keras export."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(np.eye(3, 2, dtype=np.float32))
        spec = [tf.TensorSpec([None, 3], tf.float32, name="values")]
        self.serve = tf.function(lambda values: {"probabilities": tf.nn.softmax(values @ self.kernel)}, input_signature=spec)
        self.other = tf.function(lambda values: {"probabilities": values @ self.kernel}, input_signature=spec)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("served") / "model", Served()
    signatures = {"serving_default": model.serve.get_concrete_function(), "numeric": model.other.get_concrete_function()}
    tf.saved_model.save(model, str(folder), signatures=signatures)
    return folder


def test_the_trap_is_there(served):
    converter = tf.lite.TFLiteConverter.from_saved_model(str(served), signature_keys=["numeric", "serving_default"])
    kept = tf.lite.Interpreter(model_content=converter.convert()).get_signature_list()
    assert list(kept) == ["serving_default"]


def test_a_file_of_another_signature_is_an_error(served, tmp_path):
    """One signature is asked for at a time, which is kept; were it not, the file would not be taken."""
    path = tmp_path / "numeric.tflite"
    assert tflite_file.write(str(served), "numeric", "float32", "", str(path), None) == []
    assert list(tf.lite.Interpreter(str(path)).get_signature_list()) == ["numeric"]

    class Other:
        def convert(self):
            return path.read_bytes()

    with pytest.raises(ValueError, match="answers numeric instead of serving_default"):
        tflite_file._converted(Other(), "serving_default")


def test_every_exported_signature_has_its_inputs_by_name(ready):
    """A function of a class whose first argument is not called self would lose its input signature."""
    signatures = tf.saved_model.load(str(ready.source.saved_model)).signatures
    assert {"serving_default", "features"} <= set(signatures)
    for name in ("serving_default", "features"):
        _, inputs = signatures[name].structured_input_signature
        assert {key: (spec.dtype, spec.shape.as_list()) for key, spec in inputs.items()} == {
            "image": (tf.uint8, [None, None, None, 3])
        }
