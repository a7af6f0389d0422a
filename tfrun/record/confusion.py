"""Which classes a model takes for which, on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tfrun.export.held import Held

LARGEST = 30  # classes of a matrix that a person can still read
_PAIRS = 20


@dataclass(frozen=True)
class Pair:
    """So many rows (`count`) of the class `truth` are taken for `predicted`: that share of all rows of `truth`."""

    truth: str
    predicted: str
    count: int
    share: float


def matrix(held: Held, classes: int) -> list[list[int]]:
    """Rows: true class; columns: predicted class; counts of test rows."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (held.split.labels, held.probabilities.argmax(axis=1)), 1)
    return counts.tolist()


def most_confused(held: Held, classes: Sequence[str]) -> list[Pair]:
    """The 20 pairs with the most rows, most first."""
    labels, predicted = held.split.labels, held.probabilities.argmax(axis=1)
    wrong = labels != predicted
    pairs, counts = np.unique(np.stack([labels, predicted], axis=1)[wrong], axis=0, return_counts=True)
    rows = np.bincount(labels, minlength=len(classes))
    first = np.argsort(-counts, kind="stable")[:_PAIRS]
    return [
        Pair(classes[truth], classes[other], int(count), float(count / rows[truth]))
        for (truth, other), count in zip(pairs[first], counts[first], strict=True)
    ]
