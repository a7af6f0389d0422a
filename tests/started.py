"""Commands that go on beside a test: real processes that are waited for, told to stop, or killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

_MARK = "STARTED_BY_TEST"


class Started:
    """`python -m tfrun …`, or another command. Its output goes to files, so that it never waits for a reader, nor a reader for
    what it has left running. At the end it is killed with all that it started, whatever happens.

    environment: variables that it has beside those of this process.
    """

    def __init__(self, folder: Path, *arguments: object, command: list[str] | None = None, **environment: str):
        self._scratch = tempfile.TemporaryDirectory()
        self._outputs = [Path(self._scratch.name, name) for name in ("out", "err")]
        self._mark = uuid.uuid4().hex
        self.folder, self.command = folder, [*(command or [sys.executable, "-m", "tfrun"]), *map(str, arguments)]
        inherited = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}  # MLflow sets it
        with self._outputs[0].open("wb") as out, self._outputs[1].open("wb") as err:
            self.process = subprocess.Popen(
                self.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**inherited, **environment, _MARK: self._mark}, preexec_fn=_hears_ctrl_c,
            )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        left = [one for one in psutil.process_iter() if _environment(one).get(_MARK) == self._mark]
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=30)
        self._scratch.cleanup()

    @property
    def out(self) -> str:
        """What it has written so far."""
        return self._outputs[0].read_text(errors="replace")

    @property
    def err(self) -> str:
        return self._outputs[1].read_text(errors="replace")

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, has_come: Callable[[], bool], seconds: float = 300) -> None:
        """Raises AssertionError where it ends before, or takes longer."""
        latest = time.monotonic() + seconds
        while not has_come():
            assert time.monotonic() < latest, f"did not come in {seconds:g} s: {self.out}\n{self.err}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it has ended before, with {self.process.wait(0.01)}: {self.out}\n{self.err}")

    def ended(self, seconds: float = 300) -> tuple[int, str, str]:
        """Exit code, output, errors. Raises subprocess.TimeoutExpired."""
        return self.process.wait(seconds), self.out, self.err

    def send(self, number: signal.Signals, seconds: float = 300) -> tuple[int, str, str]:
        """A signal, and what it ends with; see `ended`."""
        self.process.send_signal(number)
        return self.ended(seconds)

    def kill(self) -> None:
        """This process only."""
        self.process.kill()
        self.process.wait()


def _hears_ctrl_c() -> None:
    """Also where the tests run in the background of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return {}
