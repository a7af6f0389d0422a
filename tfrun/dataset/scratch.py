"""Room on disk for rows that have no file of their own: bounded, and gone with the process, whatever ends it."""

from __future__ import annotations

import os
import tempfile

from tfrun.config.problems import Problem, RunError


class Scratch:
    """An unlinked file in the folder for temporary files (`TMPDIR`). limit: of bytes. what: whose rows, for messages."""

    def __init__(self, limit: int, what: str):
        self._file, self._limit, self._what, self._end = tempfile.TemporaryFile(), limit, what, 0  # noqa: SIM115

    @property
    def path(self) -> str:
        """For readers that want a name; only in this process, and while this object lives."""
        self._file.flush()
        return f"/proc/self/fd/{self._file.fileno()}"

    def append(self, contents: bytes) -> tuple[int, int]:
        """Returns offset and length. Raises RunError beyond the limit, or where the disk is full."""
        start = self._end
        if start + len(contents) > self._limit:
            rule = f"needs more than {self._limit / 1e9:.3g} GB on disk to be read row by row"
            raise RunError(Problem("dataset.scratch_gb", rule, "raise it, or use fewer rows", self._what))
        try:
            self._file.write(contents)
        except OSError as error:
            rule = f"cannot be written to {tempfile.gettempdir()} ({error.strerror})"
            raise RunError(Problem(self._what, rule, "make room, or set TMPDIR to another folder")) from error
        self._end += len(contents)
        return start, len(contents)

    def finish(self) -> None:
        """After the last `append`."""
        self._file.flush()

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)
