"""A table with words and times, exported: every file answers as the trained model does, also where there are no strings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import Finished, tfrun
from tests.dataset.test_csv import table, write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return own_table(tmp_path_factory.mktemp("table"))


def own_table(folder: Path, *overrides: str) -> Finished:
    """A whole run from the command line on a table with numbers, words, times and a text; odd names."""
    rows = [",,,,a", "3.5,red,,another note of other words,b", ",blue,2024-02-01T18:30:00Z,,a"] * 20
    text = table(*rows).replace("size,colour", "the size (cm),class").replace(",aa\n", ",a\n")
    write(folder, text, "my table.csv")
    (folder / "experiments").mkdir()
    (folder / "experiments/own.yaml").write_text(
        "defaults:\n  - override /dataset: csv\n  - override /transform: table\n  - override /backbone: none\n"
        "  - override /head: wide_and_deep\n  - override /gate: thresholds\n"
        "dataset: {file: my table.csv}\ntransform: {min_count: 2, crosses: [[class, the size (cm)]]}\ntraining: {epochs: 2, batch_size: 16}\n"
        "gate: {metrics: {accuracy: 0.1}}\nevaluation: {slices: [class]}\n"
    )
    return tfrun(folder, "+experiment=own", *overrides)


def test_it_runs_and_every_file_answers_as_the_trained_model(run):
    assert run.code == 0, run.err
    artifacts = {f"{a['target']}/{a['variant']}": a for a in run.result["artifacts"]}
    assert (
        artifacts["saved_model/default"]["max_abs_difference"] < 1e-5
        and artifacts["saved_model/default"]["signature"] == "serving_default"
    )
    assert artifacts["tflite/float32"]["max_abs_difference"] < 1e-5 and artifacts["tflite/float32"]["signature"] == "numeric"
    assert "2 category" not in run.out and "1 number, 1 category, 1 time, 1 text columns" in run.out
    assert "numbers and indices" in run.out
    assert set(run.result["slices"]["test"]["class"]) == {"", "red", "blue"}


def test_the_contract_says_how_words_become_numbers(run):
    contract = json.loads((run.directory / "exports/contract.json").read_text())
    raw, numeric = contract["signatures"]["serving_default"]["inputs"], contract["signatures"]["numeric"]["inputs"]
    assert [(spec["name"], spec["dtype"], spec.get("column")) for spec in raw] == [
        ("the_size_cm", "float32", "the size (cm)"), ("class_", "string", "class"), ("when", "float64", None), ("note", "string", None),
    ]  # fmt: skip
    named = {spec["name"]: spec for spec in numeric}
    assert named["the_size_cm_missing"]["column"] == "the size (cm)" and not any("rate" in spec for spec in numeric)
    assert set(named["class_"]["vocabulary"]) == {None, "", "red", "blue"} and named["class_"]["dtype"] == "int32"
    assert (
        named["when_weekday"]["note"].endswith("Monday is 0")
        and len(named["note_terms"]["words"]) == named["note_terms"]["shape"][1]
    )


@pytest.mark.parametrize("signature", ["serving_default", "numeric"])
def test_the_examples_of_the_contract_hold(run, signature):
    contract = json.loads((run.directory / "exports/contract.json").read_text())
    described = contract["signatures"][signature]
    example = described.get("example") or contract["example"]
    (instance,) = example["request"]["instances"]
    types = {spec["name"]: tf.as_dtype(spec["dtype"]) for spec in described["inputs"]}
    function = tf.saved_model.load(str(run.directory / "exports/saved_model")).signatures[signature]
    answer = function(**{name: tf.constant([value], types[name]) for name, value in instance.items()})["probabilities"]
    np.testing.assert_allclose(answer, example["response"]["predictions"], atol=1e-5)


def test_the_tflite_file_answers_the_numeric_example(run):
    from ai_edge_litert.interpreter import Interpreter

    described = json.loads((run.directory / "exports/contract.json").read_text())["signatures"]["numeric"]
    (instance,) = described["example"]["request"]["instances"]
    runner = Interpreter(str(run.directory / "exports/tflite/float32.tflite")).get_signature_runner("numeric")
    answer = runner(**{spec["name"]: np.array([instance[spec["name"]]], spec["dtype"]) for spec in described["inputs"]})
    np.testing.assert_allclose(answer["probabilities"], described["example"]["response"]["predictions"], atol=1e-5)


def test_mlflow_serves_the_raw_columns(run, monkeypatch):
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{run.folder}/runs/mlflow.db")
    model = mlflow.pyfunc.load_model("models:/own/1")
    contract = json.loads((run.directory / "exports/contract.json").read_text())
    (instance,) = contract["example"]["request"]["instances"]
    types = {
        spec["name"]: object if spec["dtype"] == "string" else spec["dtype"]
        for spec in contract["signatures"]["serving_default"]["inputs"]
    }
    answer = model.predict({name: np.array([value], types[name]) for name, value in instance.items()})
    np.testing.assert_allclose(answer["probabilities"], contract["example"]["response"]["predictions"], atol=1e-5)
    frame = pd.DataFrame({name: pd.Series([value], dtype=types[name]) for name, value in instance.items()})
    np.testing.assert_allclose(model.predict(frame)["probabilities"], answer["probabilities"], atol=1e-6)


def test_report_and_card_show_the_columns(run):
    card, page = (run.directory / "card.md").read_text(), (run.directory / "report.html").read_text()
    assert (
        "Classification of table rows" in card
        and "`class_` string [batch]" in card
        and 'get_signature_runner("numeric")' in card
    )
    assert "when_month=" in card and "class_:" in page
