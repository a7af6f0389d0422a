"""Rows that have any number of classes, and their metrics: functions of `Sums`, float64 [groups], NaN where not defined.

They equal scikit-learn's on indicator matrices, which is tested. A class is predicted from a probability of 1/2 on.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from tfrun.evaluation.groups import Groups, Sums, divided
from tfrun.evaluation.metrics import CONFIDENCE_BINS, auc, average_precision, confidence_bin
from tfrun.task import TaskName


class Several(Groups):
    """labels: uint8 [rows, classes], 1 where the row has the class; probabilities: float [rows, classes], each by itself."""

    task: ClassVar[TaskName] = "multilabel"

    def is_positive(self, positive):
        return self.labels[:, positive] == 1

    @property
    def positives(self):
        return range(self.classes)

    @cached_property
    def predicted(self) -> np.ndarray:
        """uint8 [rows, classes]."""
        return (self.probabilities >= 0.5).astype(np.uint8)

    @cached_property
    def right(self) -> np.ndarray:
        """float64 [rows, classes]."""
        return (self.predicted == self.labels).astype(np.float64)

    @cached_property
    def hit(self) -> np.ndarray:
        """float64 [rows]: 1 where all classes are right."""
        return self.right.all(axis=1).astype(np.float64)

    @cached_property
    def cross_entropy(self) -> np.ndarray:
        """float64 [rows]: mean over classes, natural logarithm; NaN where a probability is."""
        probabilities = np.asarray(self.probabilities, np.float64)
        chosen = np.where(self.labels == 1, probabilities, 1 - probabilities)
        return -np.log(np.clip(chosen, 1e-7, 1.0)).mean(axis=1)

    @cached_property
    def squared_distance(self) -> np.ndarray:
        """float64 [rows]: mean over classes."""
        return ((np.asarray(self.probabilities, np.float64) - self.labels) ** 2).mean(axis=1)


def counts(sums: Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """float64 [groups, classes]: rows of the class that are predicted as it, rows of the class, rows predicted as it."""
    labels, predicted = sums.groups.labels.astype(np.float64), sums.groups.predicted.astype(np.float64)
    return sums.of_each(labels * predicted), sums.of_each(labels), sums.of_each(predicted)


def loss(sums: Sums) -> np.ndarray:
    """Mean binary cross-entropy over rows and classes."""
    return np.maximum(0.0, sums.mean(sums.groups.cross_entropy))


def accuracy(sums: Sums) -> np.ndarray:
    """Share of rows of which all classes are right."""
    return sums.mean(sums.groups.hit)


def hamming(sums: Sums) -> np.ndarray:
    """Share of wrong answers among all, one a row and class."""
    return sums.mean(1 - sums.groups.right.mean(axis=1))


def f1_micro(sums: Sums) -> np.ndarray:
    """Of all answers, one a row and class."""
    hits, support, predicted = (values.sum(axis=1) for values in counts(sums))
    return divided(2 * hits, support + predicted)


def precision_micro(sums: Sums) -> np.ndarray:
    hits, _, predicted = (values.sum(axis=1) for values in counts(sums))
    return divided(hits, predicted)


def recall_micro(sums: Sums) -> np.ndarray:
    hits, support, _ = (values.sum(axis=1) for values in counts(sums))
    return divided(hits, support)


def f1_macro(sums: Sums) -> np.ndarray:
    """Mean over the classes that rows have or are predicted to have."""
    hits, support, predicted = counts(sums)
    there = support + predicted > 0
    of_class = np.nan_to_num(divided(2 * hits, support + predicted))
    return divided(of_class.sum(axis=1), there.sum(axis=1) * 1.0)


def brier(sums: Sums) -> np.ndarray:
    """Mean squared distance to 0 or 1, over rows and classes (Brier, 1950)."""
    return sums.mean(sums.groups.squared_distance)


def ece(sums: Sums) -> np.ndarray:
    """Expected calibration error: |probability - share that has the class|, averaged over all answers, one a row and class, in 15
    bins of equal width of the probability. After Guo et al., On Calibration of Modern Neural Networks (2017).
    """
    groups, bins = sums.groups, CONFIDENCE_BINS
    gap = np.asarray(groups.probabilities, np.float64) - groups.labels
    gap = gap if sums.weights is None else gap * sums.weights[:, None]
    keys = groups.codes[:, None] * bins + confidence_bin(groups.probabilities)
    binned = np.bincount(keys.ravel(), gap.ravel(), groups.count * bins).reshape(groups.count, bins)
    return divided(np.abs(binned).sum(axis=1), sums.rows * groups.classes)


SEVERAL = {
    function.__name__: function
    for function in (
        loss, accuracy, hamming, f1_micro, f1_macro, precision_micro, recall_micro, auc, average_precision, brier, ece,
    )
}  # fmt: skip
