"""Names that others chose, of files that are to be written below a folder of ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tfrun.config.problems import Problem, RunError, shorten

_REASONS = {
    errno.ENAMETOOLONG: "which is longer than a file system takes", errno.EEXIST: "which is a file and a folder",
    errno.ENOTDIR: "which is a file and a folder", errno.EISDIR: "which is a file and a folder",
}  # fmt: skip


def refuse_unsafe(name: str, place: str, key: str) -> None:
    """Raises RunError for a name that would lead out of the folder, or that no file can have. place: what holds it."""
    parts = name.split("/")
    if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise _refused(name, "which is no path inside a folder", place, key)


@contextmanager
def writing(name: str, place: str, key: str) -> Iterator[None]:
    """RunError for what the file system finds wrong with a name."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise _refused(name, _REASONS[error.errno], place, key) from error


def _refused(name: str, rule: str, place: str, key: str) -> RunError:
    return RunError(Problem(key, f"holds the name '{shorten(name)}', {rule}", "rename it", place))
