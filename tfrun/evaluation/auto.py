"""`slices: auto`: what the test rows say about slices nobody named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfrun.evaluation.groups import Groups
from tfrun.evaluation.slices import Slicing, slicing
from tfrun.evaluation.surprise import MoreWrong, SmallerArea
from tfrun.evaluation.worst import Test, worst

if TYPE_CHECKING:
    from tfrun.dataset import Data, Split
    from tfrun.evaluation import Evaluation
    from tfrun.record.result import Result

_RANKINGS = ("auc", "average_precision")
_HASHES = ("dhash",)


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
        measured = evaluation.by_slice(split.labels, probabilities, alone, len(data.classes))
        result.slices["test"].setdefault(named.name, {}).update(measured)
        result.worst_slices.append({
            "slice": named.name, "columns": list(found.columns), "value": found.value, "rows": found.rows, "p": found.p,
            evaluation.primary: measured[found.value].get(evaluation.primary),
        })  # fmt: skip


def _tests(evaluation: Evaluation, split: Split, probabilities: np.ndarray) -> Callable[[np.ndarray], Test]:
    """By what the primary metric is about: the order of two classes, or right and wrong answers."""
    if evaluation.primary in _RANKINGS and probabilities.shape[1] == 2:
        return lambda rows: SmallerArea(split.labels[rows], probabilities[rows])
    groups = Groups(split.labels, probabilities)
    wrong = 1 - (groups.in_top_3 if evaluation.primary == "top_3_accuracy" else groups.hit)
    return lambda rows: MoreWrong(split.labels[rows], wrong[rows])


def _slicings(split: Split, label: str) -> list[Slicing]:
    """Of every column but the label's own."""
    names = dict.fromkeys([*split.columns, *split.facts])
    return [slicing(split, name) for name in names if name != label and name not in _HASHES]
