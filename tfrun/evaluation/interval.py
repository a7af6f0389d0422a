"""Confidence intervals by the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tfrun.evaluation.groups import Groups, Sums

Metrics = Mapping[str, Callable[[Sums], np.ndarray]]

_LEVEL = 0.95
_TAILS = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
_FEWEST = 200
_FEWEST_ROWS = 20
_ROWS = 2_000_000  # drawn in all: of very many rows fewer resamples do, as each of them varies less
_CACHED = 16_384  # rows that are worked on at a time: they stay in the processor's cache
_STEPS = 2**16  # of the table that turns random numbers into counts


def intervals(groups: Groups, metrics: Metrics, resamples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """95 % percentile intervals, float64 [groups, 2] a metric; NaN where the metric is not defined in most resamples.

    NaN of groups with fewer than 20 rows: what so few rows did not show is in none of the resamples.

    Each row is counted as often as a Poisson variable of mean 1 says: what the bootstrap's multinomial counts tend to.
    Hanley and MacGibbon, Creating non-parametric bootstrap samples using Poisson frequencies (2006).
    """
    found = {name: np.full((groups.count, 2), np.nan) for name in metrics}
    for which, part in groups.parts(_CACHED):
        for name, values in resampled(part, metrics, count(len(part), resamples), seed).items():
            found[name][which] = percentiles(values)
    few = np.bincount(groups.codes, minlength=groups.count) < _FEWEST_ROWS
    return {name: np.where(few[:, None], np.nan, values) for name, values in found.items()}


def resampled(groups: Groups, metrics: Metrics, resamples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """float64 [resamples, groups] a metric: its values with rows drawn anew, the same rows for all metrics."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for weights in _poisson(len(groups), resamples, seed):
        sums = Sums(groups, weights)
        for name, metric in metrics.items():
            found[name].append(metric(sums))
    return {name: np.array(values) for name, values in found.items()}


def percentiles(values: np.ndarray) -> np.ndarray:
    """values: float64 [resamples, groups]. float64 [groups, 2]."""
    seldom = np.isfinite(values).sum(axis=0) <= len(values) / 2
    known = np.where(seldom, 0.0, values)
    return np.where(seldom[:, None], np.nan, np.nanquantile(known, _TAILS, axis=0).T)


def count(rows: int, resamples: int) -> int:
    """How many are drawn: `resamples`, or fewer where rows are many."""
    return int(np.clip(_ROWS // max(rows, 1), min(_FEWEST, resamples), resamples))


def _poisson(rows: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Counts, float64 [rows], once a resample."""
    generator = np.random.default_rng(seed)
    shares = np.cumsum([math.exp(-1) / math.factorial(times) for times in range(10)])
    table = np.searchsorted(shares * _STEPS, np.arange(_STEPS), side="right").astype(np.float64)
    for _ in range(resamples):
        yield table[generator.integers(0, _STEPS, rows, dtype=np.uint16)]


Measure = Callable[[np.ndarray, np.ndarray], float]


def paired_ratio(measure: Measure, labels: np.ndarray, ours: np.ndarray, base: np.ndarray, seed: int = 0) -> list[float] | None:
    """95 % percentile interval of measure(ours) / measure(base), [low, high], over resamples of the rows that both share.

    measure: (labels, probabilities) -> metric. ours, base: float [rows, classes]. None where the ratio is not defined.
    Paired, so that what makes a sample of rows easy or hard cancels out. Efron and Tibshirani, An Introduction to the
    Bootstrap (1993), chapter 13.
    """
    pairs = _pairs(measure, labels, ours, base, seed)
    ratios = pairs[pairs[:, 1] != 0]
    ratios = ratios[:, 0] / ratios[:, 1]
    return _interval(ratios[np.isfinite(ratios)])


def paired_difference(
    measure: Measure, labels: np.ndarray, ours: np.ndarray, base: np.ndarray, seed: int = 0
) -> list[float] | None:
    """95 % percentile interval of measure(ours) - measure(base), as `paired_ratio`."""
    differences = np.diff(_pairs(measure, labels, base, ours, seed), axis=1)[:, 0]
    return _interval(differences[np.isfinite(differences)])


def _pairs(measure: Measure, labels: np.ndarray, one: np.ndarray, other: np.ndarray, seed: int) -> np.ndarray:
    """float64 [resamples, 2]."""
    rows, generator = len(labels), np.random.default_rng(seed)
    drawn = (generator.integers(0, rows, rows) for _ in range(count(rows, 1000)))
    return np.array([(measure(labels[some], one[some]), measure(labels[some], other[some])) for some in drawn], np.float64)


def _interval(values: np.ndarray) -> list[float] | None:
    return [float(value) for value in np.quantile(values, _TAILS)] if len(values) else None
