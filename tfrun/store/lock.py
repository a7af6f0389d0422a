"""One process at a time: locks on files, which the system lets go of when a process ends, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(root: Path, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[bool]:
    """Holds the lock of `key` in the store `root`. waiting: called once where another process has it.

    Gives False where there can be no lock: a store that cannot be written, or a file system without locks.
    """
    try:
        (root / "locks").mkdir(parents=True, exist_ok=True)
        file = (root / "locks" / key).open("w")  # never removed: a lock on a removed file would keep nobody out
    except OSError:
        yield False
        return
    with file:
        yield _taken(file, waiting)


def is_free(root: Path, key: str) -> bool:
    """Whether no process holds the lock."""
    try:
        with (root / "locks" / key).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no such lock, or none on this file system
        return True
    return True


def _taken(file, waiting: Callable[[], None]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
