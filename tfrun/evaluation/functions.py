"""Metrics that are not ours: functions of scikit-learn, metrics of Keras, or of the user's own, named by where they live."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import field_validator, model_validator

from tfrun.component import Settings, setting
from tfrun.config.problems import Problem, RunError, nearest, shorten
from tfrun.evaluation.groups import Sums


class Function(Settings):
    """One metric, e.g. `{function: sklearn.metrics.cohen_kappa_score, arguments: {weights: quadratic}}`.

    A plain string is short for `function` alone. A class, as Keras has them, is made anew with `arguments` for each group of
    rows, and asked by `update_state` and `result`; a function gets them with each call.
    """

    function: str = setting(
        help="dotted name, such as sklearn.metrics.matthews_corrcoef or keras.metrics.SparseTopKCategoricalAccuracy"
    )
    takes: Literal["classes", "probabilities", "positive"] = setting(
        "classes",
        "beside the labels: classes: the predicted ones, or numbers; probabilities: [rows, outputs]; positive: the probability of the second of two",
    )
    arguments: dict[str, Any] = setting(dict, "further ones, by name")
    factor: float = setting(1.0, "of its value; -1 for a loss, since larger has to be better")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value):
        return {"function": value} if isinstance(value, str) else value

    @field_validator("function")
    @classmethod
    def _dotted(cls, value: str) -> str:
        if not all(part.isidentifier() for part in value.split(".")) or "." not in value:
            raise ValueError("must be a dotted name, such as sklearn.metrics.matthews_corrcoef")
        return value

    def problem(self, key: str) -> Problem | None:
        """What is wrong with the name or the arguments. Imports its module, which for those of Keras imports TensorFlow."""
        home, _, name = self.function.rpartition(".")
        try:
            module = importlib.import_module(home)
        except ImportError as error:
            return Problem(
                f"{key}.function", f"cannot be imported ({error})", "is it installed, and spelled right?", self.function
            )
        if not callable(getattr(module, name, None)):
            return Problem(f"{key}.function", f"{home} has no such function", nearest(name, dir(module)), self.function)
        try:
            signature = inspect.signature(self._target)
            signature.bind(**self.arguments) if self._is_class else signature.bind(None, None, **self.arguments)
        except TypeError as error:
            return Problem(f"{key}.arguments", f"do not fit {self.function} ({error})", "see its documentation", self.arguments)
        except ValueError:
            return None  # made in C: it says nothing about what it takes
        return None

    @cached_property
    def _target(self) -> Callable:
        home, _, name = self.function.rpartition(".")
        return getattr(importlib.import_module(home), name)

    @property
    def _is_class(self) -> bool:
        return inspect.isclass(self._target)

    def __call__(self, sums: Sums) -> np.ndarray:
        """float64 [groups], as METRICS; NaN of a group without rows, and where the function says that it is not defined."""
        groups = sums.groups
        weights = np.ones(len(groups)) if sums.weights is None else sums.weights
        given = self._given(groups)
        order = np.argsort(groups.codes, kind="stable")
        ends = np.searchsorted(groups.codes[order], np.arange(groups.count), side="right")
        found = np.full(groups.count, np.nan)
        for group, some in enumerate(np.split(order, ends[:-1])):
            some = some[weights[some] > 0]
            if len(some):
                weighted = None if sums.weights is None else weights[some]
                found[group] = self.factor * self._value(groups.labels[some], given[some], weighted)
        return found

    def _given(self, groups) -> np.ndarray:
        if self.takes == "classes":
            return groups.predicted
        return groups.probabilities if self.takes == "probabilities" else groups.probabilities[:, 1]

    def _value(self, labels: np.ndarray, given: np.ndarray, weights: np.ndarray | None) -> float:
        more = {} if weights is None else {"sample_weight": weights}
        try:
            if self._is_class:
                metric = self._target(**self.arguments)
                metric.update_state(labels, given, **more)
                return float(metric.result())
            return float(self._target(labels, given, **self.arguments, **more))
        except (ValueError, TypeError) as error:
            if len(np.unique(labels)) < 2:
                return float("nan")  # what needs two classes is not defined on one
            rule = f"{self.function} fails ({shorten(error, 200)})"
            raise RunError(
                Problem("evaluation.functions", rule, "see what it takes: takes=classes, probabilities or positive")
            ) from error
