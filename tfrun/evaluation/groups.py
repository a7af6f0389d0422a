"""Held-out rows in groups, and the sums that metrics are made of, for all groups at once.

`grouped` makes those of the task: `Groups` where a row has one class, `several.Several` where it has any number, `numbers.Numbers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tfrun.task import TaskName


def grouped(labels: np.ndarray, answers: np.ndarray, codes: np.ndarray | None = None, count: int = 1) -> Groups:
    """What the labels say they are (see `task.Task`): int [rows], uint8 [rows, classes] or float [rows]. answers: float [rows, outputs]."""
    from tfrun.evaluation.numbers import Numbers
    from tfrun.evaluation.several import Several

    kind = Several if np.ndim(labels) == 2 else Numbers if np.asarray(labels).dtype.kind == "f" else Groups
    return kind(labels, answers, codes, count)


class Groups:
    """Labels and answers of rows, each row in one group.

    labels: int [rows]; probabilities: float [rows, classes]; codes: int [rows], the group of each row, negative: in none;
    None: all in group 0. count: groups there are, also those without a row.
    """

    def __init__(self, labels: np.ndarray, probabilities: np.ndarray, codes: np.ndarray | None = None, count: int = 1):
        codes = np.zeros(len(labels), np.intp) if codes is None else np.asarray(codes, np.intp)
        if (codes < 0).any():
            labels, probabilities, codes = labels[codes >= 0], probabilities[codes >= 0], codes[codes >= 0]
        self.labels, self.probabilities, self.codes, self.count = np.asarray(labels), probabilities, codes, count
        self.classes = probabilities.shape[1]
        self._ranked: dict[int, Ranked] = {}

    def __len__(self) -> int:
        return len(self.labels)

    def parts(self, rows: int) -> Iterator[tuple[slice, Groups]]:
        """Neighbouring groups as a Groups of their own, each of about so many rows or of one group. The slice names the groups."""
        order = np.argsort(self.codes, kind="stable")
        ends = np.searchsorted(self.codes[order], np.arange(self.count), side="right")
        first, start = 0, 0
        for last, end in enumerate(ends.tolist()):
            if end - start >= rows or last == self.count - 1:
                some = order[start:end]
                codes = self.codes[some] - first
                yield slice(first, last + 1), type(self)(self.labels[some], self.probabilities[some], codes, last + 1 - first)
                first, start = last + 1, end

    task: ClassVar[TaskName] = "classification"

    def is_positive(self, positive: int) -> np.ndarray:
        """bool [rows]: which have that class."""
        return self.labels == positive

    @property
    def positives(self) -> Sequence[int]:
        """Classes that rankings are made of: of two, the second."""
        return (1,) if self.classes == 2 else range(self.classes)

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)

    @cached_property
    def hit(self) -> np.ndarray:
        return (self.predicted == self.labels).astype(np.float64)

    @cached_property
    def confidence(self) -> np.ndarray:
        """float64 [rows]: the probability of the predicted class."""
        return self.probabilities.max(axis=1).astype(np.float64)

    @cached_property
    def in_top_3(self) -> np.ndarray:
        best = np.argsort(-self.probabilities, axis=1)[:, :3]
        return (best == self.labels[:, None]).any(axis=1).astype(np.float64)

    @cached_property
    def cross_entropy(self) -> np.ndarray:
        """float64 [rows], natural logarithm; NaN where a probability is."""
        chosen = np.asarray(self.probabilities[np.arange(len(self)), self.labels], np.float64)
        return -np.log(np.clip(chosen, 1e-7, 1.0))

    @cached_property
    def squared_distance(self) -> np.ndarray:
        """float64 [rows]: to the one-hot answer."""
        probabilities = np.asarray(self.probabilities, np.float64)
        return (probabilities**2).sum(axis=1) + 1 - 2 * probabilities[np.arange(len(self)), self.labels]

    @cached_property
    def cells(self) -> Cells:
        return Cells.of(self)

    def ranked(self, positive: int) -> Ranked:
        """The rows of each group by their probability of the class `positive`."""
        if positive not in self._ranked:
            self._ranked[positive] = Ranked.of(self, positive)
        return self._ranked[positive]


@dataclass(frozen=True)
class Cells:
    """What rows of one group, label and prediction have in common; only those that there are.

    of_row: int [rows]; by_label, by_prediction: int [cells], group and class in one number; hit: bool [cells].
    """

    of_row: np.ndarray
    by_label: np.ndarray
    by_prediction: np.ndarray
    hit: np.ndarray

    @classmethod
    def of(cls, groups: Groups) -> Cells:
        classes = groups.classes
        known, of_row = np.unique((groups.codes * classes + groups.labels) * classes + groups.predicted, return_inverse=True)
        by_label, predicted = np.divmod(known, classes)
        group, label = np.divmod(by_label, classes)
        return cls(of_row, by_label, group * classes + predicted, label == predicted)


@dataclass(frozen=True)
class Ranked:
    """Rows by group, then by rising score; a run is what has one group and one score.

    order: int [rows]; positive: float64 [rows], in that order; ends: int [runs], one more than the last row of each; None
    where each row is a run; groups: int, those that have rows; starts: int, the first run of each of them; lengths: int, how
    many runs; undefined: bool [all groups], some score is NaN.
    """

    order: np.ndarray
    positive: np.ndarray
    ends: np.ndarray | None
    groups: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    undefined: np.ndarray

    @classmethod
    def of(cls, groups: Groups, positive: int) -> Ranked:
        scores = groups.probabilities[:, positive]
        order = np.lexsort((scores, groups.codes))
        codes, scores = groups.codes[order], scores[order]
        last = np.flatnonzero(np.r_[(codes[1:] != codes[:-1]) | (scores[1:] != scores[:-1]), np.ones(min(1, len(codes)), bool)])
        there, starts, lengths = np.unique(codes[last], return_index=True, return_counts=True)
        undefined = np.bincount(codes, np.isnan(scores), groups.count) > 0
        ends = None if len(last) == len(order) else last + 1
        return cls(order, groups.is_positive(positive)[order] * 1.0, ends, there, starts, lengths, undefined)

    def up_to(self, values: np.ndarray) -> np.ndarray:
        """values: float64 [rows], in this order. float64 [runs + 1]: the sum of all before the first run, and up to each."""
        sums = np.zeros(len(values) + 1)
        np.cumsum(values, out=sums[1:])
        return sums if self.ends is None else np.concatenate([[0.0], sums[self.ends]])


class Sums:
    """Sums over the rows of each group, a row counted `weights` times (float64 [rows]; None: once)."""

    def __init__(self, groups: Groups, weights: np.ndarray | None = None):
        self.groups, self.weights = groups, weights

    def of(self, values: np.ndarray) -> np.ndarray:
        """values: float64 [rows]. float64 [groups]."""
        return np.bincount(self.groups.codes, values if self.weights is None else values * self.weights, self.groups.count)

    def mean(self, values: np.ndarray) -> np.ndarray:
        return divided(self.of(values), self.rows)

    @cached_property
    def cells(self) -> np.ndarray:
        """float64 [cells]."""
        return np.bincount(self.groups.cells.of_row, self.weights).astype(np.float64)

    def of_each(self, values: np.ndarray) -> np.ndarray:
        """values: float64 [rows, classes]. float64 [groups, classes]."""
        return np.stack([self.of(column) for column in values.T], axis=1)

    def _by_class(self, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
        count = self.groups.count, self.groups.classes
        return np.bincount(keys, values, count[0] * count[1]).reshape(count)

    @cached_property
    def hits(self) -> np.ndarray:
        """float64 [groups, classes]: rows of the class that are predicted as it."""
        cells = self.groups.cells
        return self._by_class(cells.by_label, self.cells * cells.hit)

    @cached_property
    def support(self) -> np.ndarray:
        """float64 [groups, classes]: rows of the class."""
        return self._by_class(self.groups.cells.by_label, self.cells)

    @cached_property
    def predicted(self) -> np.ndarray:
        """float64 [groups, classes]: rows that are predicted as the class."""
        return self._by_class(self.groups.cells.by_prediction, self.cells)

    @cached_property
    def rows(self) -> np.ndarray:
        return np.bincount(self.groups.codes, self.weights, self.groups.count).astype(np.float64)

    def runs(self, positive: int) -> Runs:
        """Positives and negatives by rising score."""
        ranked = self.groups.ranked(positive)
        weights = np.ones(len(ranked.order)) if self.weights is None else self.weights[ranked.order]
        positives = weights * ranked.positive
        return Runs(ranked, ranked.up_to(positives), ranked.up_to(weights - positives), self.groups.count)


@dataclass(frozen=True)
class Runs:
    """positives, negatives: float64 [runs + 1], sums over all runs before, also of the groups before."""

    ranked: Ranked
    positives: np.ndarray
    negatives: np.ndarray
    count: int

    def total(self, values: np.ndarray) -> np.ndarray:
        """values: float64 [runs]. float64 [groups]: their sums."""
        return self._spread(np.add.reduceat(values, self.ranked.starts) if len(values) else values)

    def start(self, up_to: np.ndarray) -> np.ndarray:
        """up_to: `positives` or `negatives`. float64 [groups]: what the groups before have."""
        return self._spread(up_to[self.ranked.starts])

    def all(self, up_to: np.ndarray) -> np.ndarray:
        """float64 [groups]: what each group has."""
        starts = self.ranked.starts
        return self._spread(up_to[starts + self.ranked.lengths] - up_to[starts])

    def _spread(self, found: np.ndarray) -> np.ndarray:
        spread = np.zeros(self.count)
        spread[self.ranked.groups] = found
        return spread


def divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below; NaN where `below` is 0."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
