"""Exported files of a small real model: what is in them, and that damage is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfrun.evaluation.standard import Standard
from tfrun.export import Artifact, contract, module, representative
from tfrun.export.held import same_size_batches
from tfrun.export.measure import Worker, measured
from tfrun.export.saved_model import SavedModel
from tfrun.export.size import sized
from tfrun.export.tflite import TFLite
from tfrun.export.tflite_file import foreign_ops


@pytest.fixture(scope="module")
def made(ready):
    """Its exports: (model, held-out rows, run directory, artifacts by name)."""
    artifacts = SavedModel().write(ready.source) + TFLite(representative_examples=20).write(ready.source)
    return ready.model, ready.held, ready.directory, {a.name: a for a in sized(artifacts, ready.directory)}


def remeasured(made, name: str, allowed: float | None = None, **changes) -> Artifact:
    _, held, directory, artifacts = made
    artifact = replace(artifacts[name], **changes)
    with Worker(artifact.runtime) as worker:
        return measured(artifact, worker, directory / artifact.path, held, Standard(), allowed)


def test_the_saved_model_has_each_weight_once(made):
    model, _, directory, artifacts = made
    weights = sum(variable.numpy().nbytes for variable in model.variables)
    stored = (directory / "exports/saved_model/variables/variables.data-00000-of-00001").stat().st_size
    assert weights <= stored < 1.5 * weights + 5000


def test_no_signature_or_attribute_is_called_serve(made):
    loaded = tf.saved_model.load(str(made[2] / "exports/saved_model"))
    assert set(loaded.signatures) == {"serving_default", "serving_bytes", "features"} and not hasattr(loaded, "serve")
    (name,) = loaded.signatures["serving_default"].structured_input_signature[1]
    assert name == "image" and list(loaded.signatures["serving_default"].structured_outputs) == ["probabilities"]


def test_the_saved_model_answers_raw_pixels_of_any_size_without_tfrun(made):
    model, held, directory, _ = made
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        "f = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
        "print(f(image=tf.zeros([2, 50, 31, 3], tf.uint8))['probabilities'].shape, any('tfrun' in m for m in sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-P", "-c", code, directory / "exports/saved_model"], capture_output=True, text=True, cwd="/"
    )
    assert out.stdout.strip() == "(2, 10) False"


@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic", "int8"])
def test_each_tflite_file_answers_as_the_trained_model_does(made, variant):
    artifact = remeasured(made, f"tflite/{variant}", allowed=1e-4 if variant == "float32" else None)
    assert artifact.passed, artifact.reasons
    limit = {"float32": 1e-5, "float16": 2e-3, "dynamic": 0.05, "int8": 0.1}[variant]
    assert artifact.max_abs_difference < limit and artifact.retention > 0.9
    assert 0 < artifact.latency_ms["p50"] <= artifact.latency_ms["p99"] and artifact.latency_ms["cold_load"] > 0


def test_the_saved_model_is_measured_by_tensorflow_in_its_own_process(made):
    artifact = remeasured(made, "saved_model", allowed=1e-4)
    assert artifact.passed and artifact.max_abs_difference < 1e-5 and artifact.agreement == 1.0
    assert artifact.peak_memory_bytes > 100e6


def test_the_lightweight_runtime_needs_little_memory(made):
    assert remeasured(made, "tflite/int8").peak_memory_bytes < 150e6


def test_sizes_name_their_denominators(made):
    artifacts = made[3]
    int8, float32, saved = artifacts["tflite/int8"], artifacts["tflite/float32"], artifacts["saved_model"]
    assert int8.bytes_vs_float_tflite == int8.bytes / float32.bytes
    assert int8.bytes_vs_saved_model == int8.bytes / saved.bytes and saved.bytes_vs_float_tflite is None


def test_a_keras_model_as_attribute_would_lose_its_weights_and_is_recognised(tmp_path):
    """The trap that this export avoids: the converter gives a file that reads variables it does not have."""
    import keras

    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
    )

    class Trap(tf.Module):
        def __init__(self):
            super().__init__()
            self.network = network
            self.predict = tf.function(
                lambda image: {"probabilities": tf.nn.softmax(network(image))},
                input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.float32, name="image")],
            )

    trap = Trap()
    tf.saved_model.save(trap, str(tmp_path / "trap"), signatures={"serving_default": trap.predict.get_concrete_function()})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "trap"), signature_keys=["serving_default"])
    assert "READ_VARIABLE" in foreign_ops(converter.convert())


def test_our_files_hold_builtin_ops_only(made):
    for name, artifact in made[3].items():
        if artifact.target == "tflite":
            assert foreign_ops((made[2] / artifact.path).read_bytes()) == [], name


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_damaged_file_does_not_pass(made, damage, tmp_path):
    _, held, directory, artifacts = made
    path = tmp_path / "damaged.tflite"
    if damage == "cut":
        path.write_bytes((directory / "exports/tflite/int8.tflite").read_bytes()[:3000])
    with Worker("litert") as worker:
        artifact = measured(artifacts["tflite/int8"], worker, path, held, Standard(), None)
    assert not artifact.passed and artifact.reasons[0].startswith("does not run") and artifact.retention is None


def test_a_file_that_differs_more_than_allowed_does_not_pass(made):
    artifact = remeasured(made, "tflite/int8", allowed=1e-9)
    assert not artifact.passed and "differ by" in artifact.reasons[0] and artifact.retention > 0.9


def test_an_artifact_of_nan_does_not_pass(made, tmp_path):
    model, held, _, artifacts = made
    broken = tmp_path / "nan"
    exported = module.ExportedModel(model)
    old = exported.weights[-1].numpy()
    exported.weights[-1].assign(np.full_like(old, np.nan))
    tf.saved_model.save(exported, str(broken), signatures={"serving_default": exported.signature})
    exported.weights[-1].assign(old)
    with Worker("saved_model") as worker:
        artifact = measured(artifacts["saved_model"], worker, broken, held, Standard(), 1e-4)
    assert artifact.reasons == ["gives NaN or infinity"]


def test_a_conversion_that_fails_is_a_reason_and_spares_the_others(ready, tmp_path):
    class Strange(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="image")])
        def predict(self, image):
            return {"probabilities": tf.cast(tf.io.decode_png(image), tf.float32)}

    strange = Strange()
    tf.saved_model.save(
        strange, str(tmp_path / "strange"), signatures={"serving_default": strange.predict.get_concrete_function()}
    )
    source = replace(ready.source, saved_model=tmp_path / "strange", run_directory=tmp_path)
    artifacts = TFLite(variants=["float32", "dynamic"]).write(source)
    assert len(artifacts) == 2 and all("cannot be converted" in artifact.reasons[0] for artifact in artifacts)
    assert "DecodePng" in artifacts[0].reasons[0]


def test_rows_of_many_sizes_are_sent_in_order():
    rows = [{"image": np.full(shape, number)} for number, shape in enumerate([(2, 2), (2, 2), (3, 2), (2, 2)])]
    batches = [batch["image"] for batch in same_size_batches(iter(rows))]
    assert [batch.shape for batch in batches] == [(2, 2, 2), (1, 3, 2), (1, 2, 2)]
    assert [int(batch.flat[0]) for batch in batches] == [0, 2, 3]
    assert [len(batch["image"]) for batch in same_size_batches(iter([rows[0]] * 70), limit=32)] == [32, 32, 6]


def test_the_contract_names_what_callers_rely_on(made):
    model, held, directory, _ = made
    contract.write(contract.contract(model, next(held.split.inputs())), directory / "exports")
    stored = json.loads((directory / "exports/contract.json").read_text())
    assert stored["signatures"]["serving_default"]["inputs"] == [
        {"name": "image", "dtype": "uint8", "shape": [None, None, None, 3]}
    ]
    assert stored["signatures"]["serving_default"]["outputs"] == [
        {"name": "probabilities", "dtype": "float32", "shape": [None, 10]}
    ]
    assert stored["labels"] == list(model.classes)
    request = np.array([row["image"] for row in stored["example"]["request"]["instances"]], np.uint8)
    answer = tf.saved_model.load(str(directory / "exports/saved_model")).signatures["serving_default"](
        image=tf.constant(request)
    )
    np.testing.assert_allclose(answer["probabilities"], stored["example"]["response"]["predictions"], atol=1e-5)


def test_the_example_of_a_large_photo_is_a_small_one(made):
    large = np.random.default_rng(0).integers(0, 256, (900, 500, 3), dtype=np.uint8)
    example = contract.contract(made[0], {"image": large})["example"]["request"]["instances"][0]["image"]
    assert np.shape(example) == (60, 63, 3) and (np.array(example) == large[::15, ::8]).all()


def test_representative_rows_are_of_the_training_split_and_of_every_class(ready, tmp_path):
    splits = ready.source.data.splits
    path = representative.write(ready.source, 30, tmp_path / "rows")
    rows = [row["image"][0] for row in representative.read(path)]
    train = {row["image"].tobytes(): label for row, label in zip(splits["train"].inputs(), splits["train"].labels, strict=True)}
    assert len(rows) == 30 and {train[row.tobytes()] for row in rows} == set(range(10))


@pytest.mark.parametrize("limit", [{"time_limit": 0.01}, {"memory_limit": 0.001}])
def test_a_conversion_that_passes_a_limit_is_a_reason(ready, tmp_path, limit):
    (artifact,) = TFLite(variants=["float32"], **limit).write(replace(ready.source, run_directory=tmp_path))
    assert "was stopped" in artifact.reasons[0] and not artifact.passed
