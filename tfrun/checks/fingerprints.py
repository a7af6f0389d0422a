"""Rows that are there twice, or nearly, within a split and across splits, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

KEPT = 4_000_000  # rows a split, 16 bytes each
_NEIGHBOURS = 500  # rows of one band that a row is compared with
_DIFFERENT = (
    4  # of the eight bytes of a perceptual hash: a picture of plain stripes or one colour is like any other such picture
)


class Fingerprints:
    """64 bits of each row's content, and of its picture's look.

    At most 4,000,000 rows are held. Where there are more, only contents whose first bits are zero (`level` of them) are: all rows
    of one content or none, the same contents in every split, so that shares stay right.
    """

    def __init__(self) -> None:
        self.level = 0
        self.looks = False  # whether perceptual hashes are known
        self.rows = np.empty((0, 2), np.uint64)

    def add(self, contents: np.ndarray, looks: np.ndarray | None = None) -> None:
        """contents: uint64 [n], evenly spread. looks: uint64 [n], perceptual hashes."""
        self.looks |= looks is not None
        self._put(np.stack([contents, np.zeros_like(contents) if looks is None else looks], axis=1))

    def merge(self, other: Fingerprints) -> None:
        self.level = max(self.level, other.level)
        self.looks |= other.looks
        self._put(other.rows)

    def thinned(self, level: int) -> np.ndarray:
        """uint64 [rows, 2] that a level of at least `level` keeps."""
        return self.rows[_kept(self.rows[:, 0], level)]

    def _put(self, rows: np.ndarray) -> None:
        self.rows = np.concatenate([self.rows[_kept(self.rows[:, 0], self.level)], rows[_kept(rows[:, 0], self.level)]])
        while len(self.rows) > KEPT:
            self.level += 1
            self.rows = self.thinned(self.level)


@dataclass(frozen=True)
class Found:
    """share: of the rows. rows: how many, estimated where not all are held. contents: uint64 of a few of them."""

    share: float
    rows: int
    contents: np.ndarray


def repeated(split: Fingerprints) -> Found:
    """Rows beyond the first of their content."""
    contents, counts = np.unique(split.rows[:, 0], return_counts=True)
    return _found(
        int((counts - 1).sum()),
        len(split.rows),
        split.level,
        contents[np.argsort(-counts, kind="stable")][: (counts > 1).sum()],
    )


def shared(split: Fingerprints, train: Fingerprints) -> Found:
    """Rows of `split` whose content is in `train`."""
    level = max(split.level, train.level)
    own = split.thinned(level)[:, 0]
    hits = np.isin(own, train.thinned(level)[:, 0])
    return _found(int(hits.sum()), len(own), level, np.unique(own[hits]))


def nearly_repeated(split: Fingerprints, distance: int) -> Found:
    """Rows that look like another row of other content."""
    rows = np.unique(split.rows, axis=0)
    near = _near(rows, np.zeros(len(rows), bool), distance, across=False)
    return _found(int(near.sum()), len(split.rows), split.level, rows[near, 0])


def nearly_shared(split: Fingerprints, train: Fingerprints, distance: int) -> Found:
    """Rows of `split` that look like a row of `train` of other content."""
    level = max(split.level, train.level)
    own, others = (np.unique(one.thinned(level), axis=0) for one in (split, train))
    rows = np.concatenate([own, others])
    near = _near(rows, np.arange(len(rows)) >= len(own), distance, across=True)[: len(own)]
    return _found(int(near.sum()), len(own), level, own[near, 0])


def _found(rows: int, held: int, level: int, contents: np.ndarray) -> Found:
    return Found(rows / held if held else 0.0, rows << level, contents)


def _kept(contents: np.ndarray, level: int) -> np.ndarray:
    return contents >> np.uint64(64 - level) == 0 if level else np.ones(len(contents), bool)


def _near(rows: np.ndarray, train: np.ndarray, distance: int, across: bool) -> np.ndarray:
    """bool [n]: rows within `distance` bits of another one.

    Of `distance` + 1 bands of bits one has to be equal (Manku, Jain & Das Sarma, WWW 2007); in a band, rows are compared with the
    next 500 that have it.
    """
    looks, hits = np.ascontiguousarray(rows[:, 1]), np.zeros(len(rows), bool)
    lines = np.sort(looks.view(np.uint8).reshape(-1, 8), axis=1) if len(looks) else np.empty((0, 8), np.uint8)
    telling = np.flatnonzero((np.diff(lines, axis=1) != 0).sum(axis=1) + 1 >= _DIFFERENT)
    ends = np.linspace(0, 64, distance + 2).astype(int)
    for start, end in pairwise(ends):
        band = looks[telling] >> np.uint64(start) & np.uint64((1 << int(end - start)) - 1)
        order = telling[np.argsort(band, kind="stable")]
        band = np.sort(band)
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            first = np.flatnonzero(band[step:] == band[:-step])
            if not len(first):
                break
            one, other = order[first], order[first + step]
            near = (np.bitwise_count(looks[one] ^ looks[other]) <= distance) & (rows[one, 0] != rows[other, 0])
            near &= (train[one] != train[other]) if across else True
            hits[one[near]] = hits[other[near]] = True
    return hits
