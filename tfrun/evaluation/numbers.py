"""Rows that have a number, and their metrics: functions of `Sums`, float64 [groups], NaN where not defined.

They equal those of scikit-learn and SciPy, which is tested.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from tfrun.evaluation.groups import Groups, Sums, divided
from tfrun.task import TaskName


class Numbers(Groups):
    """labels: float [rows]; probabilities: float [rows, 1], the predicted numbers."""

    task: ClassVar[TaskName] = "regression"

    @cached_property
    def predicted(self) -> np.ndarray:
        """float64 [rows]."""
        return np.asarray(self.probabilities[:, 0], np.float64)

    @cached_property
    def truth(self) -> np.ndarray:
        return np.asarray(self.labels, np.float64)

    @cached_property
    def error(self) -> np.ndarray:
        """float64 [rows]: predicted less true."""
        return self.predicted - self.truth

    @cached_property
    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """float64 [rows] each: ranks of truth and of prediction within the group, ties at their mean."""
        return _ranks(self.truth, self.codes), _ranks(self.predicted, self.codes)


def _ranks(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Shifted by as much as the groups before have rows, which changes no correlation. NaN stays NaN."""
    order = np.lexsort((values, codes))
    sorted_values, sorted_codes = values[order], codes[order]
    new = np.r_[True, (sorted_values[1:] != sorted_values[:-1]) | (sorted_codes[1:] != sorted_codes[:-1])]
    starts = np.flatnonzero(new)
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends - 1) / 2, ends - starts)
    return np.where(np.isnan(values), np.nan, ranks)


def loss(sums: Sums) -> np.ndarray:
    """Mean squared error, in the labels' unit squared."""
    return sums.mean(sums.groups.error**2)


def rmse(sums: Sums) -> np.ndarray:
    """Root of the mean squared error, in the labels' unit."""
    return np.sqrt(loss(sums))


def mae(sums: Sums) -> np.ndarray:
    """Mean absolute error, in the labels' unit."""
    return sums.mean(np.abs(sums.groups.error))


def r2(sums: Sums) -> np.ndarray:
    """Share of the labels' variance that is explained; below 0 where their mean would be the better answer. NaN where all are equal."""
    truth = sums.groups.truth
    total = _products(sums, truth, truth)
    return 1 - divided(sums.of(sums.groups.error**2), np.where(total > _ROUNDING * sums.of(truth**2), total, 0.0))


def pearson(sums: Sums) -> np.ndarray:
    """Correlation of predicted and true numbers."""
    return _correlation(sums, sums.groups.truth, sums.groups.predicted)


def spearman(sums: Sums) -> np.ndarray:
    """Correlation of ranks: does the order of the predictions hold? In resamples the ranks are those of all rows of the group."""
    return _correlation(sums, *sums.groups.ranks)


_ROUNDING = 1e-14


def _products(sums: Sums, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """float64 [groups]: the sum of products of the distances from their means."""
    codes = sums.groups.codes
    return sums.of((one - sums.mean(one)[codes]) * (other - sums.mean(other)[codes]))


def _correlation(sums: Sums, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    spreads = _products(sums, one, one) * _products(sums, other, other)
    return divided(_products(sums, one, other), np.sqrt(spreads))


NUMBERS = {function.__name__: function for function in (loss, rmse, mae, r2, pearson, spearman)}
