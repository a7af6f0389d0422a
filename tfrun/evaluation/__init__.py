"""Evaluation: metrics on held-out rows, whole and by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import PrivateAttr

from tfrun.component import Component, setting
from tfrun.config.problems import Problem
from tfrun.dataset import Dataset
from tfrun.evaluation.functions import Function
from tfrun.evaluation.threshold import Threshold
from tfrun.task import TaskName

if TYPE_CHECKING:
    from tfrun.evaluation.slices import Slicing


class Evaluation(Component):
    """Protocol of the group: `measure` gives metrics by name, `by_slice` the same for parts of the rows.

    labels: as the task has them, see `task.Task`: int [rows], uint8 [rows, classes] or float [rows]; probabilities: float32 [rows,
    outputs], the answers, which of task=regression are the predicted numbers; everywhere.
    """

    _task: TaskName = PrivateAttr("classification")

    functions: dict[str, Function] = setting(dict)
    primary: str | None
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

    def for_task(self, task: TaskName) -> Evaluation:
        """The same for another task, with what is usual for it where nothing was said. An experiment asks for that of its data."""
        other = self.model_copy()
        other._task = task
        return other

    @property
    def task(self) -> TaskName:
        return self._task

    def problems(self) -> list[Problem]:
        """What does not fit the task."""
        return []

    def prepare(self) -> None:
        """Called once TensorFlow is there and before anything is trained. Raises RunError where something cannot be measured."""

    def metric_names(self) -> list[str]:
        """What `measure` gives, for rules that name metrics."""
        raise NotImplementedError

    def slice_columns(self) -> list[str]:
        """Columns of the data that are named."""
        return [name for name in self.slices if isinstance(name, str)]
