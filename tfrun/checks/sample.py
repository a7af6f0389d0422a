"""A sample of the rows of a split: those with the smallest hashes, the same whatever the order and the cuts of the stream."""

from __future__ import annotations

import numpy as np


class Sample:
    """At most `size` rows. columns: by name, float64 [rows], uint64 [rows] (hashes of strings) or float32 [rows, n] (embeddings).

    Rows are drawn by the hash of all they hold: rows that are equal are drawn together.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.hashes = np.empty(0, np.uint64)
        self.columns: dict[str, np.ndarray] = {}

    def add(self, hashes: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """hashes: uint64 [n], of whole rows. columns: of the same rows."""
        if len(self.hashes) == self.size:
            wanted = np.flatnonzero(hashes < self.hashes[-1])
            hashes, columns = hashes[wanted], {name: values[wanted] for name, values in columns.items()}
        if not len(hashes):
            return
        every = np.concatenate([self.hashes, hashes])
        order = np.argsort(every, kind="stable")[: self.size]
        names = self.columns | columns
        self.columns = {name: self._joined(name, columns, len(hashes))[order] for name in names}
        self.hashes = every[order]

    def merge(self, other: Sample) -> None:
        self.add(other.hashes, other.columns)

    def _joined(self, name: str, columns: dict[str, np.ndarray], rows: int) -> np.ndarray:
        """A column that one of the two does not have, or has of another kind, is empty there."""
        old, new = self.columns.get(name), columns.get(name)
        like = new if old is None else old
        if old is None:
            old = _nothing(like, len(self.hashes))
        if new is None or new.dtype != like.dtype or new.shape[1:] != like.shape[1:]:
            new = _nothing(like, rows)
        return np.concatenate([old, new])


def _nothing(like: np.ndarray, rows: int) -> np.ndarray:
    return np.full((rows, *like.shape[1:]), np.nan if like.dtype.kind == "f" else 0, like.dtype)
