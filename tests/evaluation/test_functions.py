"""Metrics of scikit-learn and Keras by their names."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef, ndcg_score

from tests.conftest import tfrun
from tfrun import load
from tfrun.config.problems import ConfigError, RunError
from tfrun.evaluation.groups import Groups, Sums
from tfrun.evaluation.slices import Slicing
from tfrun.evaluation.standard import Standard

QUADRATIC = {"function": "sklearn.metrics.cohen_kappa_score", "arguments": {"weights": "quadratic"}}
TOP_2 = {"function": "keras.metrics.SparseTopKCategoricalAccuracy", "takes": "probabilities", "arguments": {"k": 2}}


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray]:
    """Labels of four classes, and probabilities that know something of them."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 4, 300)
    scores = draw.normal(size=(300, 4)) + 1.2 * np.eye(4)[labels]
    return labels, (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)


def test_they_are_what_the_libraries_say(answers):
    labels, probabilities = answers
    evaluation = Standard(
        functions={"mcc": "sklearn.metrics.matthews_corrcoef", "kappa": QUADRATIC, "top_2": TOP_2}, primary="mcc", resamples=0
    )
    evaluation.prepare()
    found, predicted = evaluation.measure(labels, probabilities, 4), probabilities.argmax(axis=1)
    assert found["mcc"] == pytest.approx(matthews_corrcoef(labels, predicted))
    assert found["kappa"] == pytest.approx(cohen_kappa_score(labels, predicted, weights="quadratic"))
    assert found["top_2"] == pytest.approx(
        np.mean([label in order[-2:] for label, order in zip(labels, probabilities.argsort(axis=1), strict=True)])
    )
    assert evaluation.headline(labels, probabilities, 4) == found["mcc"]


def test_rankings_of_the_classes_of_a_row_and_what_takes_one_class_is_refused():
    draw = np.random.default_rng(0)
    labels = (draw.random((300, 4)) < 0.4).astype(np.uint8)
    answers = np.clip(0.3 * labels + 0.7 * draw.random((300, 4)), 0, 1).astype(np.float32)
    ranked = {"function": "sklearn.metrics.ndcg_score", "takes": "probabilities"}
    several = Standard(functions={"ndcg": ranked}).for_task("multilabel")
    assert several.problems() == [] and several.measure(labels, answers, 4)["ndcg"] == pytest.approx(ndcg_score(labels, answers))
    for task in ("multilabel", "regression"):
        (problem,) = Standard(functions={"x": {**ranked, "takes": "positive"}}).for_task(task).problems()
        assert str(problem).startswith(f"evaluation.functions.x.takes = positive: is for classification, and the task is {task}")


def test_a_row_that_counts_twice_is_as_two_rows(answers):
    labels, probabilities = answers
    (kappa, top_2) = Standard(functions={"kappa": QUADRATIC, "top_2": TOP_2}).functions.values()
    counts = np.random.default_rng(1).poisson(1, 300)
    twice = np.repeat(np.arange(300), counts)
    for function in (kappa, top_2):
        weighted = function(Sums(Groups(labels, probabilities), counts.astype(np.float64)))
        assert weighted == pytest.approx(function(Sums(Groups(labels[twice], probabilities[twice]))))


def test_intervals_of_all_rows_and_values_of_slices(answers):
    labels, probabilities = answers
    evaluation = Standard(functions={"mcc": "sklearn.metrics.matthews_corrcoef"})
    low, high = evaluation.intervals(labels, probabilities, 4)["mcc"]
    assert low < evaluation.measure(labels, probabilities, 4)["mcc"] < high and 0.1 < high - low < 0.3
    slicing = Slicing("parity", ("a", "b", "none"), np.arange(300) % 2)
    found = evaluation.by_slice(labels, probabilities, slicing, 4)
    assert found["a"]["mcc"] == pytest.approx(matthews_corrcoef(labels[::2], probabilities[::2].argmax(axis=1)))
    assert np.isnan(found["none"]["mcc"]) and found["a"]["intervals"]["mcc"] is None


def test_a_loss_is_turned_round(answers):
    labels, probabilities = answers
    evaluation = Standard(functions={"neg_hamming": {"function": "sklearn.metrics.hamming_loss", "factor": -1}}, resamples=0)
    found = evaluation.measure(labels, probabilities, 4)
    assert found["neg_hamming"] == pytest.approx(found["accuracy"] - 1)


@pytest.mark.parametrize(
    ("functions", "said"),
    [
        ({"m": "sklearn.metrics.mathews_corrcoef"}, "sklearn.metrics has no such function; did you mean 'matthews_corrcoef'?"),
        ({"m": "sklern.metrics.matthews_corrcoef"}, "cannot be imported (No module named 'sklern')"),
        ({"m": {"function": "keras.metrics.Precision", "arguments": {"treshold": 1}}}, "do not fit keras.metrics.Precision"),
    ],
)
def test_what_cannot_be_measured_is_told_before_training(functions, said):
    with pytest.raises(RunError) as caught:
        Standard(functions=functions).prepare()
    assert said in str(caught.value)


def test_a_function_that_takes_something_else_is_one_line(answers):
    evaluation = Standard(functions={"auc_": "sklearn.metrics.roc_auc_score"}, resamples=0)
    with pytest.raises(RunError, match="evaluation.functions.*roc_auc_score fails .*takes=classes, probabilities or positive"):
        evaluation.measure(*answers, 4)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["evaluation.primary=acuracy"], "did you mean 'accuracy'?"),
        (["+evaluation.functions.accuracy=sklearn.metrics.accuracy_score"], "accuracy is taken: choose another one"),
        (["+evaluation.functions.mcc=matthews"], "must be a dotted name"),
    ],
)
def test_a_wrong_name_is_found_in_the_config(overrides, said):
    with pytest.raises(ConfigError) as caught:
        load(["+experiment=quickstart", *overrides])
    assert said in str(caught.value)


def test_a_run_reports_them_and_gates_on_them(tmp_path, module):
    done = tfrun(
        tmp_path, "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "tracking=none",
        "export=[]", "training.epochs=1", "+evaluation.functions.mcc=sklearn.metrics.matthews_corrcoef", "gate.metrics={mcc: 0.99}",
    )  # fmt: skip
    assert done.code == 3, done.err
    result = json.loads((done.directory / "result.json").read_text())
    assert any("mcc" in reason for reason in result["verdict"]["reasons"])
    assert "mcc" in (done.directory / "report.html").read_text() and result["intervals"]["test"]["mcc"]
