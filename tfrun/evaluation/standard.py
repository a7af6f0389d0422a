"""The usual metrics of each task."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import PrivateAttr, field_validator, model_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import SPLITS, Dataset
from tfrun.evaluation import Evaluation
from tfrun.evaluation.functions import Function
from tfrun.evaluation.groups import Groups, Sums, grouped
from tfrun.evaluation.interval import intervals
from tfrun.evaluation.metrics import METRICS, UNDEFINED
from tfrun.evaluation.numbers import NUMBERS
from tfrun.evaluation.several import SEVERAL
from tfrun.evaluation.threshold import Threshold

Metric = Literal[
    "loss", "accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "precision", "recall", "f1", "auc",
    "average_precision", "top_3_accuracy", "brier", "ece", "f1_micro", "precision_micro", "recall_micro", "hamming", "rmse",
    "mae", "r2", "pearson", "spearman",
]  # fmt: skip

OF_TASK = {"classification": METRICS, "multilabel": SEVERAL, "regression": NUMBERS}
_USUAL = {
    "classification": ["loss", "accuracy", "balanced_accuracy", "f1_macro"],
    "multilabel": ["loss", "accuracy", "f1_micro", "f1_macro", "average_precision"],
    "regression": ["loss", "r2", "mae", "rmse"],
}  # fmt: skip
_ALWAYS = {"classification": ["loss", "accuracy"], "multilabel": ["loss", "accuracy"], "regression": ["loss", "mae"]}
_PRIMARY = {"classification": "accuracy", "multilabel": "f1_micro", "regression": "r2"}

_OF_FUNCTIONS = 200  # resamples: scikit-learn takes a millisecond for what sums take for nothing


class Standard(Evaluation):
    """Metrics of the whole split and of slices, with confidence intervals."""

    metrics: list[Metric] | None = setting(None, "what to measure; null: the usual ones of the task", min_length=1)
    functions: dict[str, Function] = setting(
        dict, "further metrics by a name of your choice: functions of scikit-learn, metrics of Keras, or your own"
    )
    primary: str | None = setting(
        None,
        "metric of retention and of headlines, one of those or of functions, of which more is better; null: accuracy, f1_micro of "
        "several classes, r2 of numbers",
    )
    splits: list[Literal["train", "validation", "test"]] = setting(lambda: list(SPLITS[1:]), "splits to measure after training")
    slices: list[str | list[str]] = setting(
        list,
        "columns of the data; metrics are given for each of their values, of numbers for their quartiles; [a, b]: for each pair "
        "of values; auto: the slices that are worse than the rest, of all columns and pairs of columns",
    )
    slice_rows: int = setting(30, "fewest rows of a slice that auto may find", unit="rows", ge=2)
    slice_values: int = setting(50, "most values of a column that are shown: those with the most rows", ge=1)
    calibration: Literal["none", "temperature"] = setting(
        "none",
        "temperature: logits are divided by the number that makes probabilities of the validation split true, in the weights, so that "
        "all exports have it; no answer changes, only how sure it is",
    )
    threshold: Threshold = setting(Threshold, "from which probability on the answer is yes")
    corruptions: list[Literal["noise", "blur", "brightness", "jpeg", "typos", "missing"]] = setting(
        list,
        "damage to test rows that the metrics are given for too: noise (pictures, sounds), blur, brightness, jpeg (pictures), typos "
        "(texts), missing (cells of tables)",
    )
    strengths: list[Literal[1, 2, 3, 4, 5]] = setting(lambda: [3], "of the damage, from 1 to 5", min_length=1)
    also: Dataset | None = setting(None, "another data set of the same inputs; metrics of all its rows are given")
    resamples: int = setting(1000, "of the bootstrap for 95 % intervals; fewer of very many rows; 0: no intervals", ge=0)

    @field_validator("slices", mode="before")
    @classmethod
    def _some(cls, value):
        return ["auto"] if value == "auto" else value

    @field_validator("functions")
    @classmethod
    def _new_names(cls, value: dict) -> dict:
        for name in value:
            taken = any(name in known for known in OF_TASK.values())
            if taken or not name.isidentifier():
                raise ValueError(f"{name} " + ("is taken" if taken else "is no name") + ": choose another one")
        return value

    @field_validator("primary")
    @classmethod
    def _is_known(cls, value: str | None, info) -> str | None:
        known = [*dict.fromkeys(name for of in OF_TASK.values() for name in of), *info.data.get("functions", ())]
        if value is not None and value not in known:
            raise ValueError(f"is no metric, nor a key of evaluation.functions; {nearest(value, known)}")
        return value

    _left_open: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="after")
    def _usual(self):
        """What was left open is as usual for one class a row; `for_task` changes that."""
        self._left_open = tuple(name for name in ("metrics", "primary") if getattr(self, name) is None)
        self.__dict__.update(self._usual_of("classification"))
        return self

    def _usual_of(self, task) -> dict[str, Any]:
        usual = {"metrics": _USUAL[task], "primary": _PRIMARY[task]}
        return {name: usual[name] for name in self._left_open}

    def for_task(self, task):
        other = super().for_task(task)
        other.__dict__.update(self._usual_of(task))
        other.__dict__.pop("_measures", None)
        other._left_open = ()  # decided now, as where a composed config.yaml is read again
        return other

    def problems(self) -> list[Problem]:
        known = [*OF_TASK[self.task], *self.functions]
        found = [
            Problem(f"evaluation.{key}", f"is no metric of task={self.task}", nearest(name, known), name)
            for key, names in (("primary", [self.primary]), ("metrics", self.metrics))
            for name in names
            if name not in known
        ]
        if self.task == "classification":
            return found
        rule, way_out = f"is for classification, and the task is {self.task}", "take classes or probabilities"
        positive = [name for name, function in self.functions.items() if function.takes == "positive"]
        return [*found, *(Problem(f"evaluation.functions.{name}.takes", rule, way_out, "positive") for name in positive)]

    @cached_property
    def _measures(self) -> dict[str, Callable[[Sums], np.ndarray]]:
        known = {**OF_TASK[self.task], **self.functions}
        return {name: known[name] for name in self.metric_names()}

    def prepare(self):
        found = [function.problem(f"evaluation.functions.{name}") for name, function in self.functions.items()]
        if any(found):
            raise RunError(*filter(None, found))

    def slice_columns(self):
        named = [[item] if isinstance(item, str) else item for item in self.slices if item != "auto"]
        return list(dict.fromkeys(name for item in named for name in item))

    def metric_names(self) -> list[str]:
        return list(dict.fromkeys([*_ALWAYS[self.task], self.primary, *self.metrics, *self.functions]))

    def measure(self, labels, probabilities, classes):
        sums = Sums(grouped(labels, probabilities))
        return {name: float(measure(sums)[0]) for name, measure in self._measures.items()}

    def headline(self, labels, probabilities, classes):
        return float(self._measures[self.primary](Sums(grouped(labels, probabilities)))[0])

    def intervals(self, labels, probabilities, classes):
        return {name: pair[0] for name, pair in self._intervals(grouped(labels, probabilities)).items()}

    def by_slice(self, labels, probabilities, slicing, classes):
        groups = grouped(labels, probabilities, slicing.codes, len(slicing.values))
        sums, found = Sums(groups), self._intervals(groups)
        measured = {name: measure(sums) for name, measure in self._measures.items()}
        return {
            value: {
                **{name: float(values[at]) for name, values in measured.items()},
                "rows": int(sums.rows[at]),
                "intervals": {name: pair[at] for name, pair in found.items()},
                "undefined": {n: UNDEFINED[n] for n, v in measured.items() if np.isnan(v[at]) and n in UNDEFINED},
            }
            for at, value in enumerate(slicing.values)
        }

    def _intervals(self, groups: Groups) -> dict[str, list[list[float] | None]]:
        """By group; None where there is none, as of `functions` in slices, which would be asked thousands of times."""
        if not self.resamples or not len(groups):
            return {}
        own = {name: measure for name, measure in self._measures.items() if name not in self.functions}
        found = intervals(groups, own, self.resamples)
        others = {name: measure for name, measure in self._measures.items() if name in self.functions}
        if others:
            nowhere = np.full((groups.count, 2), np.nan)
            found |= (
                intervals(groups, others, min(self.resamples, _OF_FUNCTIONS))
                if groups.count == 1
                else dict.fromkeys(others, nowhere)
            )
        return {name: [None if np.isnan(pair).any() else pair.tolist() for pair in pairs] for name, pairs in found.items()}
