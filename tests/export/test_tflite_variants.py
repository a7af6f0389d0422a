"""int8 with its head and its ops in float, int16x8 and int4 of the small model: what they keep, what they tell, when they are refused."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfrun import load
from tfrun.config.check import check
from tfrun.evaluation.standard import Standard
from tfrun.export import sensitivity, tflite_file
from tfrun.export.measure import Worker, measured
from tfrun.export.refit import refit
from tfrun.export.tflite import TFLite, about
from tfrun.export.tflite_int8 import Int8
from tfrun.export.trained import Trained

needs_int4 = pytest.mark.skipif(importlib.util.find_spec("litert_quantizer") is None, reason="needs tfrun[int4]")


@pytest.fixture(scope="module")
def source(ready, module):
    """With what targets choose by."""
    experiment = load([
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "training.epochs=20",
    ])  # fmt: skip
    return replace(ready.source, trained=Trained(experiment, ready.model, ready.source.data))


def written(target: TFLite, source, folder):
    """The only artifact of a target, in a folder of its own, and where it is."""
    (artifact,) = target.write(replace(source, run_directory=folder))
    return artifact, folder / artifact.path


def types(path) -> dict[str, np.dtype]:
    from ai_edge_litert.interpreter import Interpreter

    (name,) = (interpreter := Interpreter(str(path))).get_signature_list()
    runner = interpreter.get_signature_runner(name)
    return {key: detail["dtype"] for key, detail in {**runner.get_input_details(), **runner.get_output_details()}.items()}


def in_int8(path) -> int:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    kind = {detail["index"]: detail["dtype"] for detail in interpreter.get_tensor_details()}
    ops = [op for op in interpreter._get_ops_details() if op["op_name"] not in ("QUANTIZE", "DEQUANTIZE")]
    return sum(kind[int(op["outputs"][0])] == np.int8 for op in ops)


@pytest.fixture(scope="module")
def int8(source, tmp_path_factory):
    return written(TFLite(variants=["int8"]), source, tmp_path_factory.mktemp("int8"))


def test_both_heads_are_measured_on_validation_rows_and_the_artifact_says_which_it_has(int8):
    details = int8[0].details
    assert {step["head"] for step in details["validation"]} == {"kept", "refit"}
    best = max(step["retention"] for step in details["validation"])
    chosen = "refit" if details["head"].startswith("fitted again") else "kept"
    assert best in [step["retention"] for step in details["validation"] if step["head"] == chosen]


def test_the_input_part_stays_in_float(int8):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(int8[1]))
    kind = {detail["index"]: detail["dtype"] for detail in interpreter.get_tensor_details()}
    ops = interpreter._get_ops_details()
    resize = next(op for op in ops if op["op_name"] == "RESIZE_BILINEAR")
    conv = next(op for op in ops if op["op_name"] == "CONV_2D")
    assert kind[int(resize["outputs"][0])] == np.float32 and kind[int(conv["outputs"][0])] == np.int8


@pytest.mark.parametrize("rows", [1, 5])
def test_one_row_and_many_give_the_same_answers(int8, ready, rows):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(int8[1])).get_signature_runner("serving_default")
    images = next(ready.held.batches("serving_default"))["image"][:5]
    expected = np.concatenate([runner(image=image[None])["probabilities"] for image in images])
    found = np.concatenate([runner(image=images[i : i + rows])["probabilities"] for i in range(0, 5, rows)])
    np.testing.assert_allclose(found, expected, atol=1 / 128)


def test_integers_in_and_out(source, ready, tmp_path):
    artifact, path = written(TFLite(variants=["int8"], int8=Int8(io="integer", head="keep")), source, tmp_path)
    assert types(path) == {"image": np.uint8, "probabilities": np.int8}
    with Worker("litert") as worker:
        told = measured(artifact, worker, path, ready.held, Standard(), None)
    assert told.passed and told.max_abs_difference < 0.1 and artifact.details["io"] == "integer"


def test_without_a_validation_split_nothing_is_chosen(source, tmp_path):
    splits = {name: split for name, split in source.data.splits.items() if name != "validation"}
    blind = replace(source, trained=replace(source.trained, data=replace(source.data, splits=splits)))
    artifact, path = written(TFLite(variants=["int8"]), blind, tmp_path)
    assert path.is_file() and artifact.details["validation"].startswith("no validation split")


def test_the_search_leaves_the_noisiest_ops_in_float_until_its_budget_is_spent(source, tmp_path):
    """With a size that allows it and a target that nothing reaches."""
    target = TFLite(variants=["int8"], int8=Int8(head="keep", retention=1.0, conversions=2, growth=4))
    trained = replace(source.trained, validated=2.0)  # more than any file can reach
    artifact, path = written(target, replace(source, trained=trained), tmp_path)
    steps = artifact.details["validation"]
    assert [step["ops_in_float"] for step in steps] == [0, 1, 2]
    assert all(later["bytes"] >= steps[0]["bytes"] for later in steps[1:])
    assert artifact.details["ops_in_float"] == [] or in_int8(path) > 0


def test_ops_are_ranked_by_the_noise_they_add(ready, tmp_path):
    from tfrun.export import representative

    rows = representative.write(ready.source, 20, tmp_path / "rows")
    saved, calibrated, quantized = (str(tmp_path / name) for name in ("saved", "calibrated", "quantized"))
    saved = str(ready.source.saved_model)
    tflite_file.calibrate(saved, "serving_default", str(rows), calibrated)
    tflite_file.quantize(calibrated, [], False, quantized, about(ready.source))
    ranked = sensitivity.rank(calibrated, quantized, "serving_default", str(rows))
    assert [noise for _, noise, _ in ranked] == sorted((noise for _, noise, _ in ranked), reverse=True)
    assert len(ranked) >= 3 and ranked[0][1] > 0 and any(weights > 0 for *_, weights in ranked)
    tflite_file.quantize(calibrated, [ranked[0][0]], False, str(tmp_path / "less"), None)
    assert in_int8(tmp_path / "less") < in_int8(quantized)


def test_the_whole_transform_belongs_to_the_input_part(tmp_path):
    """Its own matrix product, as of the bands of a spectrum, is no reason to go to int8 before the logarithm."""
    from tfrun.export.runtime import wire

    class Sound(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="audio")])
        def predict(self, audio):
            with tf.name_scope("transform"):
                bands = tf.matmul(tf.abs(audio), tf.constant(np.random.default_rng(2).uniform(size=(8, 4)), tf.float32))
                logarithms = tf.math.log(bands + 1e-3)
            return {"probabilities": tf.nn.softmax(logarithms @ self.kernel)}

    sound = Sound()
    tf.saved_model.save(sound, str(tmp_path / "sound"), signatures={"serving_default": sound.predict.get_concrete_function()})
    quiet_and_loud = (10.0 ** np.random.default_rng(0).uniform(-3, 3, (64, 1)) * np.ones(8)).astype(np.float32)
    with (tmp_path / "rows").open("wb") as stream:
        for row in quiet_and_loud:
            wire.send(stream, {"audio": row[None]})
    part = tflite_file.calibrate(
        str(tmp_path / "sound"), "serving_default", str(tmp_path / "rows"), str(tmp_path / "calibrated")
    )
    tflite_file.quantize(str(tmp_path / "calibrated"), part, False, str(tmp_path / "int8.tflite"), None)
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(tmp_path / "int8.tflite")).get_signature_runner("serving_default")
    expected = sound.predict(tf.constant(quiet_and_loud))["probabilities"].numpy()
    assert np.abs(runner(audio=quiet_and_loud)["probabilities"] - expected).mean() < 0.02


def test_a_wide_column_before_normalisation_does_not_drown_the_others(tmp_path):
    """Pressures of 1,000 and shares of 1 in one table: in int8 before they are normalised, little would be left."""
    values = np.random.default_rng(0).normal(1000, 5, 64).astype(np.float32)

    class Table(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(np.random.default_rng(1).normal(size=(1, 3)).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="pressure")])
        def predict(self, pressure):
            return {"probabilities": tf.nn.softmax((((pressure - 1000.0) / 5.0)[:, None]) @ self.kernel)}

    table = Table()
    tf.saved_model.save(table, str(tmp_path / "table"), signatures={"numeric": table.predict.get_concrete_function()})
    from tfrun.export.runtime import wire

    with (tmp_path / "rows").open("wb") as stream:
        for value in values:
            wire.send(stream, {"pressure": np.float32([value])})
    part = tflite_file.calibrate(str(tmp_path / "table"), "numeric", str(tmp_path / "rows"), str(tmp_path / "calibrated"))
    expected = table.predict(tf.constant(values))["probabilities"].numpy()
    errors = []
    for in_float in ([], part):
        tflite_file.quantize(str(tmp_path / "calibrated"), in_float, False, str(tmp_path / "int8.tflite"), None)
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(str(tmp_path / "int8.tflite")).get_signature_runner("numeric")
        errors.append(np.abs(runner(pressure=values)["probabilities"] - expected).mean())
    assert errors[1] < errors[0] / 3


def test_a_refit_head_learns_what_the_features_tell(source):
    """Features that name the class: the head finds it, and the trained one stays as it was."""
    before = [variable.numpy() for variable in source.trained.model.head.variables]
    labels = source.data.splits["train"].labels
    features = 20 * np.eye(10, 8, dtype=np.float32)[labels]
    seen = labels < 8
    experiment = source.trained.experiment
    longer = experiment.model_copy(update={"training": experiment.training.model_copy(update={"epochs": 300.0})})
    fitted = refit(replace(source.trained, experiment=longer), features)
    assert (fitted.predict_from_features(features).argmax(axis=1) == labels)[seen].mean() > 0.9
    for variable, value in zip(source.trained.model.head.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_int16x8_runs_with_float_where_a_cast_needs_it(source, ready, tmp_path):
    artifact, path = written(TFLite(variants=["int16x8"]), source, tmp_path)
    with Worker("litert") as worker:
        told = measured(artifact, worker, path, ready.held, Standard(), None)
    assert told.passed, told.reasons
    assert told.max_abs_difference < 0.05 and types(path)["image"] == np.uint8


@needs_int4
def test_int4_is_smaller_than_int8_and_runs(source, ready, int8, tmp_path):
    artifact, path = written(TFLite(variants=["int4"]), source, tmp_path)
    with Worker("litert") as worker:
        told = measured(artifact, worker, path, ready.held, Standard(), None)
    assert told.passed and {step["head"] for step in artifact.details["validation"]} == {"kept", "refit"}
    from ai_edge_litert.interpreter import Interpreter

    details = Interpreter(str(path)).get_tensor_details()
    assert any("int4" in str(detail["dtype"]).lower() or detail["dtype"] == np.int8 for detail in details)


def test_int4_without_its_package_is_refused_before_the_run(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None)
    (problem,) = TFLite(variants=["int4"]).problems("export.tflite")
    assert str(problem) == "export.tflite.variants = int4: needs litert_quantizer, not installed here; pip install 'tfrun[int4]'"


@needs_int4
def test_int4_with_its_package_is_not():
    assert check(load(["+experiment=quickstart", "export.tflite.variants=[int4]"])) == []


def test_no_representative_rows_is_a_line(source, tmp_path):
    empty = replace(source.data.splits["train"].first(0), name="train")
    without = replace(source, data=replace(source.data, splits={**source.data.splits, "train": empty}), run_directory=tmp_path)
    (artifact,) = TFLite(variants=["int8"]).write(without)
    assert "no representative rows" in artifact.reasons[0]
