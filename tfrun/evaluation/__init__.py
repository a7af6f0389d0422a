"""Evaluation: metrics on held-out rows, whole and by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.component import Component, setting
from tfrun.dataset import Dataset
from tfrun.evaluation.functions import Function
from tfrun.evaluation.threshold import Threshold

if TYPE_CHECKING:
    from tfrun.evaluation.slices import Slicing


class Evaluation(Component):
    """Protocol of the group: `measure` gives metrics by name, `by_slice` the same for parts of the rows.

    labels: int [rows]; probabilities: float32 [rows, classes], everywhere.
    """

    functions: dict[str, Function] = setting(dict)
    primary: str
    splits: list[str]
    slices: list[str | list[str]]
    slice_rows: int
    slice_values: int
    calibration: str = "none"
    threshold: Threshold = Threshold()
    corruptions: list[str] = setting(list)
    strengths: list[int] = setting(list)
    also: Dataset | None = None

    def measure(self, labels: np.ndarray, probabilities: np.ndarray, classes: int) -> dict[str, float]:
        raise NotImplementedError

    def headline(self, labels: np.ndarray, probabilities: np.ndarray, classes: int) -> float:
        """The primary metric alone."""
        return self.measure(labels, probabilities, classes)[self.primary]

    def intervals(self, labels: np.ndarray, probabilities: np.ndarray, classes: int) -> dict[str, list[float] | None]:
        """95 % confidence intervals of metrics, [low, high]; None where one is not defined."""
        return {}

    def by_slice(
        self, labels: np.ndarray, probabilities: np.ndarray, slicing: Slicing, classes: int
    ) -> dict[str, dict[str, Any]]:
        """{value: {metric: number, "rows": count, "intervals": {metric: [low, high]}, "undefined": {metric: why}}}."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Called once TensorFlow is there and before anything is trained. Raises RunError where something cannot be measured."""

    def metric_names(self) -> list[str]:
        """What `measure` gives, for rules that name metrics."""
        raise NotImplementedError

    def slice_columns(self) -> list[str]:
        """Columns of the data that are named."""
        return [name for name in self.slices if isinstance(name, str)]
