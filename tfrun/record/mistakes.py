"""What a model gets wrong on the test rows, by task, for the report."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.evaluation.groups import Groups, Sums, divided, grouped
from tfrun.evaluation.metrics import average_precision
from tfrun.evaluation.numbers import Numbers
from tfrun.evaluation.several import Several
from tfrun.evaluation.several import counts as hits_of
from tfrun.record import confusion
from tfrun.record.charts import as_svg

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.export.held import Held

_BINS = 10  # of the range of numbers
_GOOD = 0.5  # numbers whose error is among the smaller half count as right
_POINTS = 2000


@dataclass(frozen=True)
class Answered:
    """right: bool [rows]; badness: float [rows], by which mistakes are sorted: how sure a wrong answer is, or how far off. said,
    truth: row -> words. confidence: row -> share, or None.
    """

    right: np.ndarray
    badness: np.ndarray
    said: Callable[[int], str]
    truth: Callable[[int], str]
    confidence: Callable[[int], float | None]


def answered(held: Held, data: Data) -> Answered:
    rows = grouped(held.split.labels, held.probabilities)
    if isinstance(rows, Numbers):
        error = np.abs(rows.error)
        right = error <= np.quantile(error, _GOOD)
        return Answered(
            right, error, lambda row: f"{rows.predicted[row]:.6g}", lambda row: f"{rows.truth[row]:.6g}", lambda row: None
        )
    if isinstance(rows, Several):
        wrong = np.abs(rows.probabilities - rows.labels).max(axis=1)
        return Answered(
            rows.hit > 0, wrong, lambda row: _names(rows.predicted[row], data), lambda row: _names(rows.labels[row], data),
            lambda row: None,
        )  # fmt: skip
    return Answered(
        rows.hit > 0, rows.confidence, lambda row: data.classes[rows.predicted[row]], lambda row: data.classes[rows.labels[row]],
        lambda row: float(rows.confidence[row]),
    )  # fmt: skip


def _names(has: np.ndarray, data: Data) -> str:
    return ", ".join(name for name, one in zip(data.classes, has, strict=True) if one) or "none"


def of_task(held: Held, data: Data) -> dict[str, Any]:
    """For the template: a matrix and the most confused pairs, figures of each class, or a picture of numbers."""
    rows = grouped(held.split.labels, held.probabilities)
    if isinstance(rows, Numbers):
        return {"scatter": scatter(rows)}
    if isinstance(rows, Several):
        return {"by_class": by_class(rows, data)}
    return {
        "confusion": confusion.matrix(held, len(data.classes)) if len(data.classes) <= confusion.LARGEST else None,
        "confused": confusion.most_confused(held, data.classes),
    }


def by_class(rows: Several, data: Data) -> list[dict[str, Any]]:
    """Of each class: {name, rows, precision, recall, f1, average_precision}; NaN where not defined."""
    hits, support, predicted = (values[0] for values in hits_of(Sums(rows)))
    ranked = [float(average_precision(Sums(_alone(rows, number)))[0]) for number in range(rows.classes)]
    columns = zip(
        data.classes, support, divided(hits, predicted), divided(hits, support), divided(2 * hits, support + predicted), ranked,
        strict=True,
    )  # fmt: skip
    names = ("name", "rows", "precision", "recall", "f1", "average_precision")
    return [dict(zip(names, column, strict=True)) for column in columns]


def _alone(rows: Several, number: int) -> Groups:
    """One class against the rest."""
    chance = rows.probabilities[:, number]
    return Groups(rows.labels[:, number].astype(np.intp), np.stack([1 - chance, chance], axis=1))


def scatter(rows: Numbers) -> str:
    """Predicted over true numbers, and the errors, as one inline SVG. Of more than 2,000 rows that many, evenly picked."""
    from matplotlib.figure import Figure

    shown = np.linspace(0, len(rows) - 1, min(_POINTS, len(rows))).round().astype(int)
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.scatter(rows.truth[shown], rows.predicted[shown], s=8, alpha=0.5, color="#c2571a", linewidths=0)
    ends = [float(rows.truth.min()), float(rows.truth.max())]
    left.plot(ends, ends, color="#999", linewidth=0.8, linestyle=":")
    left.set(xlabel="true", ylabel="predicted")
    right.hist(rows.error, bins=40, color="#8aa1b8")
    right.set(xlabel="predicted less true", ylabel="rows")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return as_svg(figure)


def counts(data: Data) -> dict[str, Any]:
    """{names: of classes or ranges of numbers, splits: {split: rows of each}}."""
    if data.task != "regression":
        rows = {name: data.class_rows(split).tolist() for name, split in data.splits.items()}
        return {"names": list(data.classes), "splits": rows}
    edges = np.histogram_bin_edges(np.concatenate([split.labels for split in data.splits.values()]), _BINS)
    names = [f"{low:.5g} … {high:.5g}" for low, high in itertools.pairwise(edges)]
    return {
        "names": names,
        "splits": {name: np.histogram(split.labels, edges)[0].tolist() for name, split in data.splits.items()},
    }
