"""Numbers to predict and several classes a row, from the command line to every file, its page and its card."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.conftest import ROOT, Finished, tfrun
from tests.export.browsers import MISSING
from tests.export.test_browser import browser, needs_browser, opened, served  # noqa: F401

TRAITS = {"ankle_boot": "shoe|warm", "coat": "top|warm", "sandal": "shoe", "bag": "", "tshirt": "top"}
DELAY = """
defaults:
  - override /dataset: flights
  - override /backbone: none
  - override /head: mlp
  - override /gate: thresholds
dataset: {task: regression, label: arr_delay, ignore: [late, day]}
head: {units: 32}
training: {epochs: 5, batch_size: 64}
evaluation: {slices: [origin]}
gate: {metrics: {mae: 40}, retention: null}
"""

TARGETS = ["saved_model", "tflite", *([] if MISSING else ["tfjs"])]  # a file that is not measured does not pass


@pytest.fixture(scope="module")
def delay(tmp_path_factory) -> Finished:
    """Minutes of delay of real flights."""
    folder = written(tmp_path_factory.mktemp("delay"), "delay", DELAY)
    return tfrun(folder, "+experiment=delay", f"export=[{','.join(TARGETS)}]")


def written(folder: Path, name: str, text: str) -> Path:
    (folder / "experiments").mkdir()
    (folder / f"experiments/{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def traits(tmp_path_factory) -> Finished:
    """What kinds of shoes and clothes have in common, on real pictures."""
    folder = tmp_path_factory.mktemp("traits")
    with np.load(ROOT / "tfrun/samples/fashion/fashion.npz") as stored:
        names = stored["names"][stored["labels"]]
        known = np.isin(names, [*TRAITS])
        labels = [TRAITS[name] for name in names[known]]
        np.savez(folder / "traits.npz", inputs=stored["images"][known], labels=labels, kind=names[known])
    text = (
        "defaults:\n  - override /dataset: arrays\n  - override /backbone: none\n  - override /gate: thresholds\n"
        "dataset: {path: traits.npz, task: multilabel}\ntransform: {image_size: 28}\n"
        "training: {epochs: 20, batch_size: 32}\noptimizer: {learning_rate: 0.003}\n"
        "evaluation: {metrics: [f1_micro, f1_macro, accuracy, ece], slices: [kind], calibration: temperature, threshold: {target: f1}}\ngate: {metrics: {f1_micro: 0.5, ece: 0.2}}\n"
    )
    return tfrun(written(folder, "traits", text), "+experiment=traits")


def signature(run: Finished, name: str = "serving_default"):
    return tf.saved_model.load(str(run.directory / "exports/saved_model")).signatures[name]


def contract(run: Finished) -> dict:
    return json.loads((run.directory / "exports/contract.json").read_text())


def test_numbers_are_predicted_in_the_unit_of_the_label(delay):
    assert delay.code == 0, delay.err
    result, described = delay.result, contract(delay)
    assert set(result["metrics"]["test"]) == {"loss", "mae", "r2", "rmse"} and result["data"]["task"] == "regression"
    assert 15 < result["metrics"]["test"]["mae"] < 40  # minutes
    assert described["task"] == "regression" and described["labels"] == []
    exchange = described["example"]
    (given,), ((wanted,),) = exchange["request"]["instances"], exchange["response"]["predictions"]
    function = signature(delay)
    feeds = {name: tf.constant([given[name]], spec.dtype) for name, spec in function.structured_input_signature[1].items()}
    assert function(**feeds)["predictions"].numpy().item() == pytest.approx(wanted, rel=1e-4)


def test_every_file_of_numbers_is_measured_again(delay):
    artifacts = {f"{a['target']}/{a['variant']}": a for a in delay.result["artifacts"]}
    assert {artifact["target"] for artifact in artifacts.values()} == {*TARGETS} and "tflite/int8" in artifacts
    for artifact in artifacts.values():
        assert artifact["agreement"] is None and artifact["metrics"]["mae"] > 0, artifact["reasons"]
    assert artifacts["tflite/float32"]["max_abs_difference"] < 1e-3


def test_report_and_card_are_about_numbers(delay):
    page, card = (delay.directory / "report.html").read_text(), (delay.directory / "card.md").read_text()
    assert "Predicted and true arr_delay" in page and "Largest errors" in page and "Confusion" not in page
    assert "Predicts a number, arr_delay" in card and "Output `predictions`: float32 [batch, 1]" in card
    assert "Calibration" not in card and "- EWR: mae" in card


def test_mlflow_serves_numbers(delay, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{delay.folder}/runs/mlflow.db")
    model = mlflow.pyfunc.load_model("models:/delay/1")
    exchange = contract(delay)["example"]
    answer = model.predict(pd.DataFrame(exchange["request"]["instances"]))
    np.testing.assert_allclose(answer["predictions"], exchange["response"]["predictions"], rtol=1e-4)


@needs_browser
def test_the_page_shows_a_number(delay, browser):  # noqa: F811
    with served(delay.directory / "exports/tfjs") as address:
        page, _ = opened(browser, f"{address}/demo/")
        numeric = contract(delay)["signatures"]["numeric"]["example"]["response"]["predictions"][0][0]
        assert float(page.inner_text("#answer .value")) == pytest.approx(numeric, rel=0.05)  # float16 weights
        assert page.inner_text("#about").startswith("Answers with a number.")


def test_a_champion_of_another_task_is_refused(delay, tmp_path):
    other = ["+experiment=flights", "head=mlp", "head.units=8", "training.epochs=1", "export=[saved_model]"]
    done = tfrun(tmp_path, *other, f"gate.champion={delay.directory}")
    assert done.code == 3
    assert "cannot be compared with the champion: it" in done.out and "labels" in done.out


def test_rows_have_any_number_of_classes(traits):
    assert traits.code == 0, traits.err
    result = traits.result
    assert result["data"]["classes"] == ["shoe", "top", "warm"]
    assert result["metrics"]["test"]["f1_micro"] > 0.6 and result["metrics"]["test"]["accuracy"] > 0.4
    answers = np.load(traits.directory / "provenance/predictions.npy")
    assert answers.shape[1] == 3 and ((answers >= 0) & (answers <= 1)).all() and np.ptp(answers.sum(axis=1)) > 0.5
    assert {value for value in result["slices"]["test"]["kind"]} == set(TRAITS)
    artifacts = {f"{a['target']}/{a['variant']}": a for a in result["artifacts"]}
    assert artifacts["tflite/float32"]["passed"] and artifacts["tflite/float32"]["agreement"] == 1.0


def test_the_report_has_each_class(traits):
    page, card = (traits.directory / "report.html").read_text(), (traits.directory / "card.md").read_text()
    assert "Each class on the test split" in page and "<td>warm</td>" in page and "Confusion" not in page
    assert "any number of them or none: shoe, top, warm" in card


def test_each_class_has_its_threshold_and_callers_find_it(traits):
    result, answers = traits.result, np.load(traits.directory / "provenance/predictions.npy")
    decision, found = contract(traits)["decision"], {one["class"]: one for one in result["thresholds"]}
    assert decision["thresholds"] == {name: one["threshold"] for name, one in found.items()} and set(found) == {
        "shoe",
        "top",
        "warm",
    }
    for at, (name, one) in enumerate(found.items()):
        said = (answers[:, at] >= one["threshold"]).sum()
        hits = one["test"]["precision"] * said
        assert hits == pytest.approx(round(hits)) and one["validation"]["f1"] > 0.6, name
    assert "From which probability on each class is an answer" in (traits.directory / "report.html").read_text()
    assert f"Answer {found['warm']['rule']}: precision" in (traits.directory / "card.md").read_text()


def test_several_classes_are_calibrated_in_every_file(traits):
    found = traits.result["calibration"]
    assert found["temperature"]["value"] != 1 and found["temperature"]["loss"][1] < found["temperature"]["loss"][0]
    exact = [artifact for artifact in traits.result["artifacts"] if artifact["variant"] in ("default", "float32")]
    assert len(exact) >= 2 and all(artifact["passed"] and artifact["max_abs_difference"] < 1e-4 for artifact in exact)
    assert 0 < found["test"]["ece"] < 0.2 and "how often rows have the class" in (traits.directory / "report.html").read_text()


def test_compare_knows_the_metrics_of_a_task(delay):
    done = tfrun(delay.folder, "compare", str(delay.directory), str(delay.directory))
    assert done.code == 0 and "r2 minus the first run's" in done.out and "+0.0000" in done.out


def advice(run: Finished, *overrides: str) -> tuple[dict, Path]:
    done = tfrun(run.folder, "advise", *overrides)
    assert done.code == 0, done.err
    folder = run.folder / re.search(r"^page +(\S+)/advice.html$", done.out, re.M)[1]
    page = (folder / "advice.html").read_text()
    assert ("ridge regression" in page) == ("+experiment=delay" in overrides) and "<td>–</td>" in page
    return json.loads((folder / "advice.json").read_text()), folder


def test_advice_on_several_classes(traits):
    found, folder = advice(traits, "+experiment=traits", "transform.image_size=4,28")
    fine, coarse = (one["probe"]["score"] for one in found["candidates"])
    assert found["metric"] == "f1_micro" and found["overrides"][0] == "transform.image_size=28" and fine > coarse > 0.6
    labels = (folder / "projector/metadata.tsv").read_text()
    assert "\tshoe, warm\t" in labels and "\tnone\t" in labels


def test_advice_on_numbers(delay):
    found, _ = advice(delay, "+experiment=delay")
    (one,) = found["candidates"]
    assert found["metric"] == "r2" and -0.1 < one["probe"]["score"] < 0.5 and one["nleep"] is None
    assert found["overrides"] == ["training=frozen"] and "no weights that could be trained" in " ".join(found["reasons"])
