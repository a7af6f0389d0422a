"""One writer of a repository at a time. The system lets go of the lock when its owner ends, however it ends."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tfrun.config.problems import Problem, RunError

_LOOKS = 0.1  # seconds between them


@contextmanager
def alone(repository: Path, wait: float, waiting: Callable[[str], None]) -> Iterator[None]:
    """Holds `repository/.lock`, which says who does. An owner that was killed holds nothing, whatever the file says.

    wait: longest wait in seconds. waiting: told once who has it. Raises RunError when the wait is over or there can
    be no lock; OSError where the folder cannot be written.
    """
    with open(os.open(repository / ".lock", os.O_RDWR | os.O_CREAT, 0o666), "r+", encoding="utf-8") as file:
        _take(file, repository, wait, waiting)
        try:
            _say(file, {**owner(), "since": datetime.now().astimezone().isoformat(timespec="seconds")})
            yield
        finally:
            file.truncate(0)


def owner() -> dict[str, str | int]:
    """Of this process."""
    return {"user": _user(), "host": socket.gethostname(), "pid": os.getpid()}


def _take(file, repository: Path, wait: float, waiting: Callable[[str], None]) -> None:
    until, told = time.monotonic() + wait, False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                rule = f"is being written by another process ({_owner(file)})"
                raise RunError(Problem(str(repository), rule, "try again when it is done, or --wait longer")) from error
        except OSError as error:
            rule = f"is on a file system without locks ({error.strerror})"
            raise RunError(Problem(str(repository), rule, "keep the repository on one that has them")) from error
        if not told:
            waiting(_owner(file))
            told = True
        time.sleep(_LOOKS)


def _say(file, owner: dict) -> None:
    file.seek(0)
    file.truncate(0)
    file.write(json.dumps(owner))
    file.flush()


def _owner(file) -> str:
    try:
        file.seek(0)
        said = json.loads(file.read())
        return f"process {said['pid']} of {said['user']} on {said['host']} since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "which has only just begun"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for this user
        return str(os.getuid())
