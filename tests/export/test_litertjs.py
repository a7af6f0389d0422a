"""TFLite files for LiteRT.js: one row of fixed shape, and a real browser that answers as the trained model does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.export.browsers import needs_browser, remeasured
from tfrun import LiteRTJS
from tfrun.dataset import Split
from tfrun.evaluation.standard import Standard
from tfrun.export.held import Held
from tfrun.export.litertjs_file import fixed
from tfrun.export.tflite_file import foreign_ops


@needs_browser
@pytest.mark.parametrize("variant", ["float32", "dynamic", "int8"])
def test_a_browser_answers_as_the_trained_model_does(ready, for_web, variant):
    artifact = remeasured(for_web[f"litertjs/{variant}"], ready.directory, ready.held, Standard())
    assert artifact.passed, artifact.reasons
    assert artifact.max_abs_difference < {"float32": 1e-5, "dynamic": 0.05, "int8": 0.1}[variant]
    assert artifact.latency_ms["p50"] > 0 and artifact.rows_per_second > 0


@needs_browser
@pytest.mark.parametrize(("height", "width"), [(32, 32), (50, 31), (9, 200)])
def test_pictures_of_any_size_are_resized_as_the_transform_does(ready, for_web, height, width):
    picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    split = Split("test", np.zeros(1, np.int32), np.array(["one"]), lambda row: {"image": tf.constant(picture)})
    held = Held(split, ready.model.predict(split), {"accuracy": 1.0})
    artifact = remeasured(for_web["litertjs/float32"], ready.directory, held, Standard())
    assert artifact.max_abs_difference < 1e-5, artifact.reasons


@pytest.mark.parametrize("variant", ["float32", "dynamic", "int8"])
def test_files_take_one_row_of_fixed_shape_and_floats(ready, for_web, variant):
    """LiteRT.js refuses batches of unknown size, and int8 inputs and outputs."""
    from ai_edge_litert.interpreter import Interpreter

    path = ready.directory / for_web[f"litertjs/{variant}"].path
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    (given,), (answer,) = runner.get_input_details().values(), runner.get_output_details().values()
    assert list(given["shape_signature"]) == [1, 32, 32, 3] and given["dtype"] == np.float32
    assert list(answer["shape_signature"]) == [1, 10] and answer["dtype"] == np.float32
    assert list(runner.get_input_details()) == ["image"] and list(runner.get_output_details()) == ["probabilities"]
    assert foreign_ops(path.read_bytes()) == []


def test_nothing_but_the_files_and_the_page_is_left(ready, for_web):
    names = {path.name for path in (ready.directory / "exports/litertjs").iterdir()}
    assert names == {"float32.tflite", "dynamic.tflite", "int8.tflite", "demo"}


def test_an_input_without_a_length_is_refused_by_name():
    assert fixed(tf.TensorSpec([None, 7], tf.float32, name="x"), None).shape == [1, 7]
    with pytest.raises(ValueError, match=r"the input sound has no fixed length.*export=\[tfjs\]"):
        fixed(tf.TensorSpec([None, None], tf.float32, name="sound"), None)


def test_a_graph_that_reads_the_pixels_otherwise_is_refused(ready, tmp_path):
    class Reads(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")])
        def predict(self, image):
            return {"probabilities": tf.reduce_mean(tf.cast(image // 2, tf.float32), [1, 2])}

    reads = Reads()
    tf.saved_model.save(reads, str(tmp_path / "reads"), signatures={"serving_default": reads.predict.get_concrete_function()})
    source = replace(ready.source, saved_model=tmp_path / "reads", run_directory=tmp_path)
    (artifact,) = LiteRTJS(variants=["float32"]).write(source)
    assert "FloorDiv" in artifact.reasons[0] and "tfjs" in artifact.reasons[0]
