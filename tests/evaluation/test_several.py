"""Metrics of rows with any number of classes equal scikit-learn's on indicator matrices, for all rows, groups and weights."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from tfrun.evaluation.groups import Sums, grouped
from tfrun.evaluation.several import SEVERAL, Several
from tfrun.evaluation.standard import Standard

GENERATOR = np.random.default_rng(7)
LABELS = (GENERATOR.random((400, 4)) < [0.1, 0.3, 0.5, 0.7]).astype(np.uint8)
ANSWERS = np.clip(0.35 * LABELS + 0.65 * GENERATOR.random((400, 4)), 0, 1).astype(np.float32)
CODES = GENERATOR.integers(0, 3, 400)
SAID = (ANSWERS >= 0.5).astype(int)

PEERS = {
    "loss": lambda y, p, w: np.mean(
        [sk.log_loss(y[:, c], p[:, c].astype(float), sample_weight=w, labels=[0, 1]) for c in range(4)]
    ),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p >= 0.5, sample_weight=w),
    "hamming": lambda y, p, w: sk.hamming_loss(y, p >= 0.5, sample_weight=w),
    "f1_micro": lambda y, p, w: sk.f1_score(y, p >= 0.5, average="micro", sample_weight=w),
    "precision_micro": lambda y, p, w: sk.precision_score(y, p >= 0.5, average="micro", sample_weight=w),
    "recall_micro": lambda y, p, w: sk.recall_score(y, p >= 0.5, average="micro", sample_weight=w),
    "f1_macro": lambda y, p, w: sk.f1_score(y, p >= 0.5, average="macro", sample_weight=w),
    "auc": lambda y, p, w: sk.roc_auc_score(y, p, average="macro", sample_weight=w),
    "average_precision": lambda y, p, w: sk.average_precision_score(y, p, average="macro", sample_weight=w),
    "brier": lambda y, p, w: np.average(((p - y) ** 2).mean(axis=1), weights=w),
    "ece": lambda y, p, w: calibration_error(y, p, np.ones(len(y)) if w is None else w),
}


def calibration_error(labels: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
    of_answer = np.repeat(weights, answers.shape[1])
    labels, answers, found = labels.ravel(), answers.ravel(), 0.0
    for low in range(15):
        some = (answers > low / 15) & (answers <= (low + 1) / 15) | ((low == 0) & (answers == 0))
        found += abs((of_answer[some] * answers[some]).sum() - of_answer[some & (labels == 1)].sum())
    return found / of_answer.sum()


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_it_equals_scikit_learn(name):
    weights = GENERATOR.integers(0, 4, 400).astype(float)
    rows = grouped(LABELS, ANSWERS, CODES, 3)
    assert isinstance(rows, Several) and set(PEERS) == set(SEVERAL)
    for given in (None, weights):
        found = SEVERAL[name](Sums(rows, given))
        for group in range(3):
            some = group == CODES
            wanted = PEERS[name](LABELS[some], ANSWERS[some], None if given is None else given[some])
            assert found[group] == pytest.approx(wanted, rel=1e-6)


def test_a_class_without_rows_leaves_the_area_undefined_and_the_rest_defined():
    labels = LABELS.copy()
    labels[:, 2] = 0
    measured = Standard(metrics=["auc", "average_precision", "f1_macro"]).for_task("multilabel").measure(labels, ANSWERS, 4)
    assert np.isnan(measured["auc"]) and np.isnan(measured["average_precision"]) and 0 < measured["f1_macro"] < 1


def test_intervals_hold_the_figures_and_slices_have_them_too():
    standard = Standard(slices=["x"]).for_task("multilabel")
    measured, found = standard.measure(LABELS, ANSWERS, 4), standard.intervals(LABELS, ANSWERS, 4)
    assert standard.primary == "f1_micro" and set(measured) == set(found) == {
        "loss",
        "accuracy",
        "f1_micro",
        "f1_macro",
        "average_precision",
    }
    assert all(low < measured[name] < high for name, (low, high) in found.items())
