"""The ONNX file, in ONNX Runtime."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tfrun
from tfrun.evaluation.standard import Standard
from tfrun.export.measure import Worker, measured
from tfrun.export.onnx import ONNX

pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")


@pytest.fixture(scope="module")
def artifact(ready):
    (written,) = ONNX().write(ready.source)
    return written


def test_it_answers_raw_pixels_of_any_size_as_the_trained_model(ready, artifact):
    with Worker(artifact.runtime) as worker:
        found = measured(artifact, worker, ready.directory / artifact.path, ready.held, Standard(), 1e-4)
    assert found.passed, found.reasons
    assert found.max_abs_difference < 1e-5 and found.rows_per_second > 0 and found.peak_memory_bytes < 300e6


def test_names_are_those_of_the_contract(ready, artifact):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(ready.directory / artifact.path))
    assert [value.name for value in session.get_inputs()] == ["image"]
    assert [value.name for value in session.get_outputs()] == ["probabilities"]
    example = ready.source.contract["example"]
    request = np.array([row["image"] for row in example["request"]["instances"]], np.uint8)
    np.testing.assert_allclose(session.run(None, {"image": request})[0], example["response"]["predictions"], atol=1e-5)


def test_an_op_that_onnx_lacks_is_a_reason(ready, tmp_path):
    class Strange(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
        def predict(self, image):
            return {"probabilities": tf.cast(tf.io.decode_png(image[0]), tf.float32)}

    strange = Strange()
    saved = str(tmp_path / "strange")
    tf.saved_model.save(strange, saved, signatures={"serving_default": strange.predict.get_concrete_function()})
    (found,) = ONNX().write(replace(ready.source, saved_model=tmp_path / "strange", run_directory=tmp_path))
    assert "DecodePng" in found.reasons[0]


def test_without_the_package_the_config_is_refused_and_nothing_is_measured(ready, artifact, tmp_path):
    """A folder on the path in which the import fails, as where the extra was never installed."""
    for name in ("onnxruntime", "tf2onnx"):
        (tmp_path / "without" / name).mkdir(parents=True)
        (tmp_path / "without" / name / "__init__.py").write_text("raise ImportError('none here')")
    import os

    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path / "without"), before]))
    try:
        with Worker(artifact.runtime) as worker:
            found = measured(artifact, worker, ready.directory / artifact.path, ready.held, Standard(), 1e-4)
    finally:
        os.environ["PYTHONPATH"] = before
    assert not found.passed and found.reasons == ["not measured: onnxruntime is not installed: pip install 'tfrun[onnx]'"]


@pytest.mark.long
def test_the_quickstart_can_have_it(ready, tmp_path, module):
    done = tfrun(
        tmp_path, "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[saved_model,onnx]", "tracking=none",
    )  # fmt: skip
    names = {
        artifact["target"]: artifact["passed"]
        for artifact in json.loads((done.directory / "result.json").read_text())["artifacts"]
    }
    assert names == {"saved_model": True, "onnx": True}, done.err
