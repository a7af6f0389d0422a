"""`slices: auto`: what the test rows say about slices nobody named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfrun.evaluation.groups import Groups, grouped
from tfrun.evaluation.numbers import Numbers
from tfrun.evaluation.several import Several
from tfrun.evaluation.slices import Slicing, slicing
from tfrun.evaluation.surprise import MoreWrong, SmallerArea
from tfrun.evaluation.worst import Test, worst

if TYPE_CHECKING:
    from tfrun.dataset import Data, Split
    from tfrun.evaluation import Evaluation
    from tfrun.record.result import Result

_RANKINGS = ("auc", "average_precision")
_HASHES = ("dhash",)
_LARGE = 0.75  # errors above this quantile are large ones


def add_worst(evaluation: Evaluation, data: Data, probabilities: np.ndarray, result: Result) -> None:
    """Into `result.worst_slices`, and the metrics of each into `result.slices["test"]`. probabilities: of the test rows."""
    split = data.splits["test"]
    if not np.isfinite(probabilities).all():
        return  # a model that says NaN is refused for that
    for found in worst(
        _slicings(split, data.label), len(split), _tests(evaluation, split, probabilities), evaluation.slice_rows
    ):
        named = slicing(split, found.columns)
        at = named.values.index(found.value)
        alone = Slicing(named.columns, [found.value], np.where(named.codes == at, 0, -1))
        measured = evaluation.by_slice(split.labels, probabilities, alone, data.outputs)
        result.slices["test"].setdefault(named.name, {}).update(measured)
        result.worst_slices.append({
            "slice": named.name, "columns": list(found.columns), "value": found.value, "rows": found.rows, "p": found.p,
            evaluation.primary: measured[found.value].get(evaluation.primary),
        })  # fmt: skip


def _tests(evaluation: Evaluation, split: Split, probabilities: np.ndarray) -> Callable[[np.ndarray], Test]:
    """By what the primary metric is about: the order of two classes, or right and wrong answers."""
    if evaluation.task == "classification" and evaluation.primary in _RANKINGS and probabilities.shape[1] == 2:
        return lambda rows: SmallerArea(split.labels[rows], probabilities[rows])
    wrong, strata = _wrong(evaluation, grouped(split.labels, probabilities))
    return lambda rows: MoreWrong(strata[rows], wrong[rows])


def _wrong(evaluation: Evaluation, groups: Groups) -> tuple[np.ndarray, np.ndarray]:
    """float64 [rows]: 1 where the answer is wrong, or a number among the quarter with the largest errors; int [rows]: the label, by
    which such rows are told apart; 0 for numbers.
    """
    if isinstance(groups, Numbers):
        error = np.abs(groups.error)
        return (error > np.quantile(error, _LARGE)).astype(np.float64), np.zeros(len(groups), np.intp)
    if isinstance(groups, Several):
        return 1 - groups.hit, np.unique(groups.labels, axis=0, return_inverse=True)[1]
    return 1 - (groups.in_top_3 if evaluation.primary == "top_3_accuracy" else groups.hit), groups.labels


def _slicings(split: Split, label: str) -> list[Slicing]:
    """Of every column but the label's own."""
    names = dict.fromkeys([*split.columns, *split.facts])
    return [slicing(split, name) for name in names if name != label and name not in _HASHES]
