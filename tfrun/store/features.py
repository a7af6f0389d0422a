"""Features of rows in the order of a split, mapped from the segments that hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfrun.store.segment import Segment


@dataclass(frozen=True, eq=False)
class Features:
    """Features of one split, float32 [rows, ...]; nothing is read into memory before it is asked for.

    part, offset: int [rows], in which segment and where in it a row is. shape: of one row.
    extracted, reused: rows that were computed now, and that were there. seconds: what that took. engine: what computed.
    """

    segments: tuple[Segment, ...]
    part: np.ndarray
    offset: np.ndarray
    shape: tuple[int, ...]
    extracted: int
    reused: int
    seconds: float
    engine: str

    @property
    def rows(self) -> int:
        return len(self.part)

    def __len__(self) -> int:
        return self.rows

    @property
    def nbytes(self) -> int:
        return self.rows * int(np.prod(self.shape)) * 4

    def gather(self, positions: np.ndarray) -> np.ndarray:
        """positions: int [n]. Returns float32 [n, ...], a copy in memory."""
        positions = np.asarray(positions)
        if len(self.segments) == 1:
            return np.asarray(self.segments[0].features[self.offset[positions]])
        gathered = np.empty((len(positions), *self.shape), np.float32)
        parts, offsets = self.part[positions], self.offset[positions]
        for number in np.unique(parts):
            here = parts == number
            gathered[here] = self.segments[number].features[offsets[here]]
        return gathered

    def array(self) -> np.ndarray:
        """All of it in memory, float32 [rows, ...]."""
        return self.gather(np.arange(self.rows))
