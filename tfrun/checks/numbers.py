"""What is to be said of the numbers of a column."""

from __future__ import annotations

import math

import numpy as np

from tfrun.checks.quantiles import Quantiles


class Numbers:
    """Mean and deviation are of the finite values, merged by the formula of Chan, Golub & LeVeque (1983)."""

    def __init__(self) -> None:
        self.count = self.zeros = self.nan = self.infinite = 0
        self.mean = self.squares = 0.0  # squares: sum of squared distances from the mean
        self.low, self.high = math.inf, -math.inf  # infinities count
        self.spread = Quantiles()

    def add(self, values: np.ndarray, counts: np.ndarray | None = None) -> None:
        """values: float64 [n], may hold NaN. counts: int64 [n], how often each is there; None: once."""
        finite = np.isfinite(values)
        if not finite.all():
            weights = np.ones(len(values), np.int64) if counts is None else counts
            missing = np.isnan(values)
            self.nan += int(weights[missing].sum())
            self.infinite += int(weights[~finite & ~missing].sum())
            if not missing.all():
                self._reach(values[~missing])
            values, counts = values[finite], None if counts is None else counts[finite]
        if len(values):
            self._reach(values)
            self._add_finite(values, counts)

    def merge(self, other: Numbers) -> None:
        self._moments(other.count, other.mean, other.squares)
        self.zeros, self.nan, self.infinite = self.zeros + other.zeros, self.nan + other.nan, self.infinite + other.infinite
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.spread.merge(other.spread)

    @property
    def deviation(self) -> float:
        """Of the values themselves (divided by n, not n − 1), as TFDV has it."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    def quantile(self, share: float) -> float:
        return float(self.spread.quantiles(np.array([share]))[0]) if self.count else math.nan

    def finite_range(self) -> tuple[float, float]:
        values = self.spread.values()
        low = self.low if math.isfinite(self.low) else float(values[0])
        return low, self.high if math.isfinite(self.high) else float(values[-1])

    def _reach(self, values: np.ndarray) -> None:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def _add_finite(self, values: np.ndarray, counts: np.ndarray | None) -> None:
        weights = None if counts is None else counts.astype(float)
        count = len(values) if counts is None else int(counts.sum())
        with np.errstate(over="ignore", invalid="ignore"):  # squares of numbers near 1e308
            mean = float(values.mean()) if weights is None else float(values @ weights) / count
            squares = (values - mean) ** 2
            self._moments(count, mean, float(squares.sum() if weights is None else squares @ weights))
        zero = values == 0
        self.zeros += int(zero.sum() if counts is None else counts[zero].sum())
        self.spread.add(values, counts)

    def _moments(self, count: int, mean: float, squares: float) -> None:
        total = self.count + count
        if count:
            apart = mean - self.mean
            self.squares += squares + apart * apart * self.count * count / total
            self.mean += apart * count / total
            self.count = total
