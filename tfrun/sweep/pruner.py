"""Which running trials are not worth going on with, by the curves of all."""

from __future__ import annotations

import statistics

from tfrun.sweep import Prune

Curves = dict[int, list[dict]]  # {trial: its measurements so far}


class Pruner:
    """metric: of the validation split. epochs: of a whole trial."""

    def __init__(self, settings: Prune, metric: str, lower_is_better: bool, epochs: float):
        self.settings, self.metric, self.epochs = settings, metric, epochs
        self._sign = 1.0 if lower_is_better else -1.0

    def why(self, number: int, curves: Curves, states: dict[int, str]) -> str:
        """A line where the trial should stop now, else ''. states: of all trials; the failed ones have no say."""
        curves = {other: rows for other, rows in curves.items() if states.get(other) != "failed"}
        if self.settings.method == "none":
            return ""
        mine = self._values(curves.get(number, []))
        if not mine or mine[-1][0] < self.settings.warmup or mine[-1][0] >= self.epochs:
            return ""
        return getattr(self, f"_{self.settings.method}")(number, mine, curves)

    def _values(self, rows: list[dict]) -> list[tuple[float, float]]:
        """(epoch, best so far), less is better."""
        found, best = [], float("inf")
        for row in rows:
            value = row.get("validation", {}).get(self.metric)
            if value is not None and row["epoch"] > 0:
                best = min(best, self._sign * value)
                found.append((row["epoch"], best))
        return found

    def _others(self, number: int, epoch: float, curves: Curves, come_to: float | None = None) -> list[float]:
        """Best of each other trial up to that epoch, of those that have come so far, or at least to `come_to`."""
        found = []
        for other, rows in curves.items():
            values = self._values(rows) if other != number else []
            if values and values[-1][0] >= (epoch if come_to is None else come_to):
                found.append([best for at, best in values if at <= epoch][-1:] or [values[0][1]])
        return [value for (value,) in found]

    def _median(self, number: int, mine: list[tuple[float, float]], curves: Curves) -> str:
        """The median rule of Golovin et al., Google Vizier (2017), section 3.3. A trial that is ahead of too many of the others
        is held against what those have reached by now: it has had longer, and would stay ahead for ever.
        """
        epoch, best = mine[-1]
        others = self._others(number, epoch, curves)
        if len(others) < self.settings.trials:
            others = self._others(number, epoch, curves, come_to=self.settings.warmup)
        if len(others) < self.settings.trials or best <= statistics.median(others):
            return ""
        return f"{self.metric} {self._sign * best:.4g} after {epoch:g} epochs is worse than the median {self._sign * statistics.median(others):.4g} of {len(others)} others"

    def _successive_halving(self, number: int, mine: list[tuple[float, float]], curves: Curves) -> str:
        """Asynchronous: Li et al., A System for Massively Parallel Hyperparameter Tuning (2020), algorithm 2. Rungs at
        warmup, warmup × factor, …; at each the best one in `factor` goes on.
        """
        rung = max(self.settings.warmup, 1e-9)
        while rung * self.settings.factor <= mine[-1][0]:
            rung *= self.settings.factor
        best = next(value for at, value in mine if at >= rung)
        others = self._others(number, rung, curves)
        if len(others) + 1 < max(self.settings.trials, self.settings.factor):
            return ""
        places = max(1, (len(others) + 1) // self.settings.factor)
        if sum(other < best for other in others) < places:
            return ""
        return f"{self.metric} {self._sign * best:.4g} at the rung of {rung:g} epochs is not among the best {places} of {len(others) + 1}"
