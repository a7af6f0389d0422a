"""Each metric equals scikit-learn's, in every group, also where rows count more than once."""

import numpy as np
import pytest
from sklearn import metrics as reference

from tfrun.evaluation.groups import Groups, Sums
from tfrun.evaluation.metrics import METRICS


def rows(classes: int, seed: int = 0, count: int = 600):
    """Labels, probabilities with many ties, groups of very different size, and weights; no class is missing in any group."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, count)
    probabilities = generator.dirichlet(np.ones(classes), count) + 0.6 * np.eye(classes)[labels]
    probabilities = np.round(probabilities / probabilities.sum(axis=1, keepdims=True), 2)
    codes = np.where(np.arange(count) < 60, 0, np.where(generator.random(count) < 0.3, 1, 3))
    return labels, probabilities, codes, generator.integers(0, 4, count).astype(float)


def multiclass_brier(labels, probabilities, w):
    return np.average(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1), weights=w)


BOTH = {
    "loss": lambda y, p, w: np.average(-np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1)), weights=w),
    "accuracy": lambda y, p, w: reference.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: reference.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "f1_macro": lambda y, p, w: reference.f1_score(y, p.argmax(1), average="macro", sample_weight=w),
    "precision_macro": lambda y, p, w: reference.precision_score(
        y, p.argmax(1), average="macro", sample_weight=w, zero_division=0
    ),
    "top_3_accuracy": lambda y, p, w: np.average([label in np.argsort(-row)[:3] for label, row in zip(y, p)], weights=w),
    "brier": multiclass_brier,
}
BINARY = {
    "precision": lambda y, p, w: reference.precision_score(y, p.argmax(1), sample_weight=w),
    "recall": lambda y, p, w: reference.recall_score(y, p.argmax(1), sample_weight=w),
    "f1": lambda y, p, w: reference.f1_score(y, p.argmax(1), sample_weight=w),
    "auc": lambda y, p, w: reference.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: reference.average_precision_score(y, p[:, 1], sample_weight=w),
}
SEVERAL = {
    "auc": lambda y, p, w: np.mean([reference.roc_auc_score(y == c, p[:, c], sample_weight=w) for c in range(p.shape[1])]),
    "average_precision": lambda y, p, w: np.mean(
        [reference.average_precision_score(y == c, p[:, c], sample_weight=w) for c in range(p.shape[1])]
    ),
    "recall": BOTH["balanced_accuracy"],
    "f1": BOTH["f1_macro"],
    "precision": BOTH["precision_macro"],
}
CASES = [
    *((name, 2, function) for name, function in {**BOTH, **BINARY}.items()),
    *((name, 4, function) for name, function in {**BOTH, **SEVERAL}.items()),
]


@pytest.mark.parametrize(("name", "classes", "function"), CASES, ids=[f"{name}-{classes}" for name, classes, _ in CASES])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_metric_equals_scikit_learns_in_every_group(name, classes, function, weighted):
    labels, probabilities, codes, weights = rows(classes)
    found = METRICS[name](Sums(Groups(labels, probabilities, codes, 4), weights if weighted else None))
    for group in (0, 1, 3):
        here = codes == group
        expected = function(labels[here], probabilities[here], weights[here] if weighted else None)
        assert found[group] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(found[2])  # there is no row in it


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy():
    confident = np.array([[0.9, 0.1]] * 10)
    labels = np.array([0] * 6 + [1] * 4)  # right in 60 %, says 90 %
    assert METRICS["ece"](Sums(Groups(labels, confident)))[0] == pytest.approx(0.3)
    mixed = np.vstack([confident, [[0.4, 0.6]] * 10])
    labels = np.r_[labels, [1] * 6 + [0] * 4]  # right in 60 %, says 60 %
    assert METRICS["ece"](Sums(Groups(labels, mixed)))[0] == pytest.approx(0.15)


def test_rows_of_no_group_do_not_count():
    labels, probabilities, codes, _ = rows(3)
    some = METRICS["accuracy"](Sums(Groups(labels, probabilities, np.where(codes == 1, 0, -1))))
    assert some[0] == pytest.approx(reference.accuracy_score(labels[codes == 1], probabilities[codes == 1].argmax(1)))


@pytest.mark.parametrize("name", ["auc", "average_precision"])
def test_a_ranking_of_nan_is_undefined(name):
    labels, probabilities, codes, _ = rows(2)
    probabilities[5] = np.nan
    found = METRICS[name](Sums(Groups(labels, probabilities, codes, 4)))
    assert np.isnan(found[0]) and np.isfinite(found[1])
