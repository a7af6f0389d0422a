"""Metrics of one class a row, for all groups of rows at once: functions of `Sums`, float64 [groups], NaN where not defined.

They equal scikit-learn's functions of the same names, which is tested. `positive` is the second of two classes.
"""

from __future__ import annotations

import math

import numpy as np

from tfrun.evaluation.groups import Sums, divided

LOWER_IS_BETTER = frozenset({"loss", "brier", "ece", "hamming", "mae", "rmse"})
CONFIDENCE_BINS = 15


def improves(name: str, value: float, best: float | None) -> bool:
    """Is `value` of the metric `name` better than `best`? NaN is better than nothing else."""
    if best is None or math.isnan(best):
        return True
    return value < best if name in LOWER_IS_BETTER else value > best


def loss(sums: Sums) -> np.ndarray:
    """Mean cross-entropy, natural logarithm; NaN where a probability is."""
    return np.maximum(0.0, sums.mean(sums.groups.cross_entropy))


def accuracy(sums: Sums) -> np.ndarray:
    return divided(sums.hits.sum(axis=1), sums.rows)


def balanced_accuracy(sums: Sums) -> np.ndarray:
    """Mean recall over the classes that have rows."""
    return _over_classes(sums, divided(sums.hits, sums.support))


def precision_macro(sums: Sums) -> np.ndarray:
    """Mean over the classes that have rows; 0 for one that is never predicted."""
    return _over_classes(sums, np.nan_to_num(divided(sums.hits, sums.predicted)))


def f1_macro(sums: Sums) -> np.ndarray:
    """Mean over the classes that have rows."""
    return _over_classes(sums, divided(2 * sums.hits, sums.support + sums.predicted))


def _over_classes(sums: Sums, values: np.ndarray) -> np.ndarray:
    """values: float64 [groups, classes]."""
    there = sums.support > 0
    return divided(np.where(there, values, 0.0).sum(axis=1), there.sum(axis=1))


def precision(sums: Sums) -> np.ndarray:
    """Share of the rows predicted as positive that are; with more than two classes precision_macro."""
    return _positive(sums, sums.hits, sums.predicted, precision_macro)


def recall(sums: Sums) -> np.ndarray:
    """Share of the positive rows that are predicted as such; with more than two classes balanced_accuracy."""
    return _positive(sums, sums.hits, sums.support, balanced_accuracy)


def f1(sums: Sums) -> np.ndarray:
    """Harmonic mean of precision and recall; with more than two classes f1_macro."""
    return _positive(sums, 2 * sums.hits, sums.support + sums.predicted, f1_macro)


def _positive(sums: Sums, above: np.ndarray, below: np.ndarray, otherwise) -> np.ndarray:
    return divided(above[:, 1], below[:, 1]) if sums.groups.classes == 2 else otherwise(sums)


def auc(sums: Sums) -> np.ndarray:
    """Area under the ROC curve, ties half; one class against the rest, averaged over classes, where there are more than two.

    NaN where a class has no row, or all rows: the area is not defined then. Hanley and McNeil (1982).
    """
    return _ranking(sums, _area)


def average_precision(sums: Sums) -> np.ndarray:
    """Mean of precision over the recall that each score adds, without interpolation; averaged over classes as `auc`."""
    return _ranking(sums, _steps)


def _ranking(sums: Sums, of_class) -> np.ndarray:
    return np.mean([of_class(sums, positive) for positive in sums.groups.positives], axis=0)


def _area(sums: Sums, positive: int) -> np.ndarray:
    """By trapezoids: a positive is above the negatives of lower scores, and above half of those of its own."""
    runs = sums.runs(positive)
    positives, negatives = runs.all(runs.positives), runs.all(runs.negatives)
    pairs = runs.total(np.diff(runs.positives) * (runs.negatives[1:] + runs.negatives[:-1])) / 2
    area = divided(pairs - positives * runs.start(runs.negatives), positives * negatives)
    return np.where(runs.ranked.undefined, np.nan, area)


def _steps(sums: Sums, positive: int) -> np.ndarray:
    runs = sums.runs(positive)
    positives, negatives = runs.all(runs.positives), runs.all(runs.negatives)
    ends = [np.repeat((start + all_)[runs.ranked.groups], runs.ranked.lengths) for start, all_ in (
        (runs.start(runs.positives), positives), (runs.start(runs.negatives), negatives))]  # fmt: skip
    true, false = ends[0] - runs.positives[:-1], ends[1] - runs.negatives[:-1]  # of the rows with this score or more
    found = divided(runs.total(np.diff(runs.positives) * np.nan_to_num(divided(true, true + false))), positives)
    return np.where(runs.ranked.undefined | (negatives == 0), np.nan, found)


def top_3_accuracy(sums: Sums) -> np.ndarray:
    return sums.mean(sums.groups.in_top_3)


def brier(sums: Sums) -> np.ndarray:
    """Mean squared distance to the one-hot answer (Brier, 1950)."""
    return sums.mean(sums.groups.squared_distance)


def ece(sums: Sums) -> np.ndarray:
    """Expected calibration error: |confidence - accuracy|, averaged over the rows of 15 bins of equal width of the confidence
    in the predicted class. Guo et al., On Calibration of Modern Neural Networks (2017).
    """
    groups, bins = sums.groups, CONFIDENCE_BINS
    gap = groups.confidence - groups.hit
    gap = gap if sums.weights is None else gap * sums.weights
    keys = groups.codes * bins + confidence_bin(groups.confidence)
    binned = np.bincount(keys, gap, groups.count * bins).reshape(groups.count, bins)
    return divided(np.abs(binned).sum(axis=1), sums.rows)


def confidence_bin(confidence: np.ndarray) -> np.ndarray:
    """int [rows]: 0 … 14; a confidence of exactly a bin's upper edge is in that bin. NaN is in the last."""
    return np.clip(np.ceil(np.nan_to_num(confidence, nan=1.0) * CONFIDENCE_BINS) - 1, 0, CONFIDENCE_BINS - 1).astype(np.intp)


METRICS = {
    function.__name__: function
    for function in (
        loss, accuracy, balanced_accuracy, f1_macro, precision_macro, precision, recall, f1, auc, average_precision,
        top_3_accuracy, brier, ece,
    )
}  # fmt: skip

UNDEFINED = {
    "auc": "needs rows of every class", "average_precision": "needs rows of every class",
    "precision": "no row is predicted as positive", "recall": "no row is positive", "f1": "no row is positive or predicted so",
}  # fmt: skip
