"""Evaluation: metrics on held-out rows, whole and by slice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfrun.component import Component


class Evaluation(Component):
    """Protocol of the group: `measure` gives metrics by name, `by_slice` the same for parts of the rows."""

    primary: str
    splits: list[str]
    slices: list[str]

    def measure(self, labels: np.ndarray, probabilities: np.ndarray, classes: int) -> dict[str, float]:
        """labels: int [rows]; probabilities: float32 [rows, classes]."""
        raise NotImplementedError

    def headline(self, labels: np.ndarray, probabilities: np.ndarray, classes: int) -> float:
        """The primary metric alone."""
        return self.measure(labels, probabilities, classes)[self.primary]

    def by_slice(
        self, labels: np.ndarray, probabilities: np.ndarray, columns: Mapping[str, np.ndarray], classes: int
    ) -> dict[str, dict[str, dict[str, float]]]:
        """{column: {value: {metric: number, "rows": count}}}."""
        raise NotImplementedError

    def metric_names(self) -> list[str]:
        """What `measure` gives, for rules that name metrics."""
        raise NotImplementedError
