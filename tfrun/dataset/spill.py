"""Arrays that grow, and that move to an unlinked file, mapped into memory, where a table has no room."""

from __future__ import annotations

import tempfile

import numpy as np
import psutil


class Room:
    """Bytes that all arrays of one table may take together; beyond, each goes on in a file of its own."""

    def __init__(self, share: float):
        """share: of the memory that is free now."""
        self.left = share * psutil.virtual_memory().available

    def take(self, size: int) -> bool:
        """Whether there is room for `size` bytes more."""
        self.left -= size
        return self.left >= 0


class Growing:
    """One array that grows at its end. A row can be looked up at random later, so a column is one piece, not many."""

    def __init__(self, dtype, room: Room):
        self._dtype, self._room = np.dtype(dtype), room
        self._parts: list[np.ndarray] = []
        self._file = None

    def add(self, values: np.ndarray) -> None:
        values = np.ascontiguousarray(values, self._dtype)
        self._parts.append(values)
        if not self._room.take(values.nbytes) and self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tfrun-table-")  # has no name: it goes with the process
        if self._file is not None:
            for part in self._parts:
                part.tofile(self._file)
            self._parts = []

    def whole(self) -> np.ndarray:
        """All values, in memory or mapped from the file. Called once."""
        if self._file is None:
            parts, self._parts = self._parts, []
            return np.concatenate(parts) if parts else np.empty(0, self._dtype)
        self._file.flush()
        if not self._file.tell():
            return np.empty(0, self._dtype)
        return np.memmap(self._file, self._dtype, "r")


def is_mapped(values: np.ndarray) -> bool:
    return isinstance(values, np.memmap)
