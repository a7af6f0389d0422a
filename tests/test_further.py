"""Further files of a finished run: the same weights, nothing lost when it goes wrong."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import tfrun as command
from tfrun import RunError, add_exports, resume, run
from tfrun.export.saved_model import SavedModel
from tfrun.export.serving import Serving
from tfrun.export.tflite import TFLite


@pytest.fixture(scope="module")
def finished(module, tmp_path_factory):
    from tfrun import load

    experiment = load([
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "tracking=none", "export=[tflite]", "export.tflite.variants=[float32,dynamic]",
    ])  # fmt: skip
    directory = tmp_path_factory.mktemp("finished") / "run"
    run(experiment, directory, quiet=True)
    return directory


@pytest.fixture()
def own(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def stored(directory) -> dict:
    return json.loads((directory / "result.json").read_text())


def names(content: dict) -> list[str]:
    return [f"{artifact['target']}/{artifact['variant']}" for artifact in content["artifacts"]]


def test_further_files_have_the_weights_of_the_run_and_old_ones_stay(own):
    before, old = stored(own), (own / "exports/tflite/float32.tflite").read_bytes()
    result = add_exports(own, {"saved_model": SavedModel(), "tflite": TFLite(variants=["int8", "dynamic"])}, quiet=True)
    after = stored(own)
    assert sorted(names(after)) == ["saved_model/default", "tflite/dynamic", "tflite/float32", "tflite/int8"]
    saved = next(artifact for artifact in result.artifacts if artifact.target == "saved_model")
    assert (
        saved.passed
        and saved.max_abs_difference < 1e-5
        and saved.metrics["loss"] == pytest.approx(before["metrics"]["test"]["loss"])
    )
    int8 = next(artifact for artifact in result.artifacts if artifact.variant == "int8")
    assert int8.bytes_vs_float_tflite == int8.bytes / len(old)
    assert (own / "exports/tflite/float32.tflite").read_bytes() == old and after["artifacts"][0] == before["artifacts"][0]
    assert after["weights_sha256"] == before["weights_sha256"] and after["training"] == before["training"]
    assert "tflite/int8" in (own / "report.html").read_text() and not (own / ".further").exists()


def test_a_new_version_takes_the_place_of_the_old_one(own):
    for version in (1, 2):
        add_exports(own, {"serving": Serving(version=version, name="shoes")}, quiet=True)
    paths = [artifact["path"] for artifact in stored(own)["artifacts"] if artifact["target"] == "serving"]
    assert paths == ["exports/serving/shoes/2"] and not (own / "exports/serving/shoes/1").exists()


def test_other_weights_are_seen(own):
    content = json.dumps({**stored(own), "weights_sha256": "0" * 64})
    (own / "result.json").write_text(content)
    with pytest.raises(RunError, match="not those of the run"):
        add_exports(own, {"saved_model": SavedModel()}, quiet=True)
    assert (own / "result.json").read_text() == content and not (own / "exports/saved_model").exists()


def test_without_checkpoints_nothing_is_trained_again(own):
    shutil.rmtree(own / "checkpoints")
    with pytest.raises(RunError, match="holds no checkpoint"):
        add_exports(own, {"saved_model": SavedModel()}, quiet=True)


def test_the_command_line_takes_keys_of_export_only_and_finished_runs_only(own):
    assert "only keys of export can" in command(own.parent, "export", "run", "export=[tflite]", "training.epochs=3").err
    content = stored(own)
    (own / "result.json").write_text(json.dumps({**content, "status": "interrupted"}))
    done = command(own.parent, "export", "run", "export=[tflite]")
    assert done.code == 1 and "resume" in done.err and done.err.count("\n") == 1
    done = command(own.parent, "export", "run", "export=[tflit]")
    assert done.code == 2 and "tflite" in done.err


def test_the_command_line_adds_a_file(own):
    done = command(own.parent, "export", "run", "export=[tflite]", "export.tflite.variants=[float16]")
    assert done.code == 0, done.err
    assert "tflite/float16" in done.out and "tflite/float16" in names(stored(own))


def test_a_run_that_was_killed_after_its_training_ends_with_the_weights_it_had(own):
    """Its last checkpoint is that of a finished training."""
    before = stored(own)
    (own / "result.json").unlink()
    result = resume(own, quiet=True)
    assert result.weights_sha256 == before["weights_sha256"]
    assert result.metrics["test"]["loss"] == pytest.approx(before["metrics"]["test"]["loss"], abs=1e-6)
