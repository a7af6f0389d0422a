"""Processes of this machine that help this one to train. They end with it, and it learns at once when one is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_READY = "TFRUN_READY_PIPE"
_GRACE = 5.0  # seconds in which the training itself should notice that a process is lost


def tell_ready() -> None:
    """In a process of a crew: what can go wrong before processes are connected has gone well."""
    if _READY in os.environ:
        pipe = int(os.environ.pop(_READY))
        os.write(pipe, b"1")
        os.close(pipe)


@dataclass(frozen=True)
class Lost:
    """A process that ended before its work was done. killed: by a signal, rather than by an error of its own."""

    says: str
    killed: bool


class Crew:
    """jobs: {name, as "worker 1": what that process is to do, see `tfrun.strategy.worker`}; logs: folder of their outputs.

    stuck: called from a thread where a process is lost and nothing has ended this crew in some seconds after that.
    """

    def __init__(self, jobs: dict[str, dict[str, Any]], logs: Path, stuck: Callable[[Lost], None]):
        self._logs, self._stuck = logs, stuck
        self._ending = threading.Event()
        self._lost: Lost | None = None
        self._noticed = threading.Event()
        self._ready: list[int] = []
        self._processes = {name: self._started(name, job) for name, job in jobs.items()}
        for name, process in self._processes.items():
            threading.Thread(target=self._watch, args=(name, process), name=name, daemon=True).start()

    def ready(self) -> bool:
        """Waits until all are ready to be connected; False where one is lost before."""
        answers = [os.read(pipe, 1) for pipe in self._ready]  # nothing, where the process ended
        for pipe in self._ready:
            os.close(pipe)
        return all(answers)

    def lost(self, patience: float = 0.0) -> Lost | None:
        """The first process that was lost; waits `patience` seconds for one."""
        self._noticed.wait(patience)
        return self._lost

    def let_be(self) -> None:
        """Their work is done; they end with this process."""
        self._ending.set()

    def end(self, patience: float = 0.0) -> None:
        """All of them; after `patience` seconds those too that have not ended by themselves."""
        until = time.monotonic() + patience
        self._ending.set()
        for process in self._processes.values():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdin.close()

    def _started(self, name: str, job: dict[str, Any]) -> subprocess.Popen:
        pipe, theirs = os.pipe()
        with self._log_of(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tfrun.strategy.worker"], stdin=subprocess.PIPE, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), _READY: str(theirs)}, pass_fds=[theirs],
                start_new_session=True,  # Ctrl-C is for this process, which tells the others
            )  # fmt: skip
        os.close(theirs)
        self._ready.append(pipe)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()  # and stays open: its end is how the process learns that this one is gone
        return process

    def _watch(self, name: str, process: subprocess.Popen) -> None:
        code = process.wait()
        if self._ending.is_set() or code == 0:
            return
        if self._lost is None:
            self._lost = Lost(self._said(name, code), killed=code < 0)
            self._noticed.set()
        if not self._ending.wait(_GRACE):
            self._stuck(self._lost)

    def _said(self, name: str, code: int) -> str:
        log = self._log_of(name)
        if code < 0:
            return f"{name} was killed ({signal.Signals(-code).name})"
        last = (log.read_text(errors="replace").strip().splitlines() or ["it wrote nothing"])[-1]
        return f"{name} ended with exit code {code} (`{last[:300]}`; its log is {log})"

    def _log_of(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"
