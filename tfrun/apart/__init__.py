"""Work in processes apart: a child each, ready at once, with limits. What fails, hangs or eats memory there harms nobody here.

A small server process imports TensorFlow once and forks a child for each piece of work (see process.py): a child is ready in
hundredths of a second instead of the seconds of an import. The server ends with the process that uses it, also when that is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tfrun.apart.forked import Forked
from tfrun.apart.limits import Limits, over

_POLL = 0.05  # seconds between looks at a child's memory
_LOST = -signal.SIGKILL  # what children end with when their server is gone
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


class Failed(RuntimeError):
    """The work ended otherwise than by returning. Its message is one line; traceback: of what it raised, or ''. killed: from
    outside, which is not its own fault.
    """

    def __init__(self, message: str, traceback: str = "", killed: bool = False):
        super().__init__(message)
        self.traceback, self.killed = traceback, killed


class Work:
    """One child. `answer()` waits for what its function returns; `ended` and `watch()` are for who waits for many."""

    def __init__(self, number: int, name: str, folder: tempfile.TemporaryDirectory, limits: Limits):
        self.number, self.name, self.limits = number, name, limits
        self.pid: int | None = None
        self._folder, self._began = folder, time.monotonic()
        self._code: int | None = None
        self._broken, self._unwanted = "", False
        self._done = threading.Event()

    def forked(self, pid: int) -> None:
        """Its time begins: until then the server was loading TensorFlow."""
        self._began = time.monotonic()
        self.pid = pid
        if self._unwanted:
            self.ask_to_stop()

    def close(self, code: int) -> None:
        self._code = code
        self._done.set()

    @property
    def ended(self) -> bool:
        return self._done.is_set()

    def watch(self) -> None:
        """Stops it where it has passed a limit."""
        if self.ended or self._broken or self.pid is None:
            return
        self._broken = over(self.limits, self.pid, time.monotonic() - self._began)
        if self._broken:
            self.stop()

    def answer(self) -> Any:
        """What the function returned (as JSON can hold it), once it has ended. Raises Failed."""
        with self._folder as folder:
            self._wait()
            written = Path(folder) / "answer.json"
            if self._broken:
                raise Failed(self._broken)
            answer = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}
            if "returned" in answer:
                return answer["returned"]
            words = answer.get("raised") or self._last_words(Path(folder) / "output.txt")
            raise Failed(words, answer.get("traceback", ""), killed=not answer and self._code in _FROM_OUTSIDE)

    def _wait(self) -> None:
        try:
            while not self._done.wait(_POLL):
                self.watch()
        except BaseException:
            self.stop()
            raise

    def give(self, seconds: float) -> None:
        """So long from now on, whatever its limit was."""
        self.limits = Limits(time.monotonic() - self._began + seconds, self.limits.memory)

    def ask_to_stop(self) -> None:
        """SIGTERM: it may save what it has."""
        self._unwanted = True
        if self.pid is not None and not self.ended:
            with contextlib.suppress(ProcessLookupError):  # ended by itself just now
                os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Ends it and everything that it started."""
        if self.pid is not None and not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._done.wait(10)

    def _last_words(self, output: Path) -> str:
        how = f"was killed by signal {-self._code}" if self._code < 0 else f"ended with code {self._code}"
        lines = [line for line in output.read_text(errors="replace").splitlines() if line.strip()] if output.is_file() else []
        return " ".join([f"{self.name} {how}", *lines[-1:]])[:300]


class Server:
    """The process that hands out children. One for all of a process; made by `server()`."""

    def __init__(self, forked: bool = False):
        """forked: off this process, which must have imported TensorFlow and run no op of it; else a fresh process."""
        mine, its = socket.socketpair()
        with its:
            self._process = Forked(mine, its) if forked else _fresh(its)
        self._socket, self._lines = mine, mine.makefile("r", encoding="utf-8")
        self._lock, self._numbers, self._works = threading.Lock(), itertools.count(), {}
        self._lost, self._news = False, threading.Event()
        threading.Thread(target=self._listen, name="tfrun-apart", daemon=True).start()
        atexit.register(self.close)

    @property
    def is_alive(self) -> bool:
        return not self._lost and self._process.poll() is None

    def start(
        self,
        function: str,
        limits: Limits,
        environment: dict[str, str] | None = None,
        cores: list[int] | None = None,
        **arguments: Any,
    ) -> Work:
        """function: "package.module:name"; arguments: as JSON can hold them. Returns at once.

        environment: variables that it has beside the server's. cores: numbers of those it may use; None: as the server.
        """
        folder = tempfile.TemporaryDirectory(prefix="tfrun-apart-")
        with self._lock:
            work = Work(next(self._numbers), function.rpartition(":")[2], folder, limits)
            self._works[work.number] = work
            job = {"number": work.number, "function": function, "arguments": arguments, "folder": folder.name,
                   "path": sys.path, "cwd": os.getcwd(), "environment": environment or {}, "cores": cores}  # fmt: skip
            try:
                self._socket.sendall(json.dumps(job).encode() + b"\n")
            except OSError:
                work.close(_LOST)
            if self._lost:
                work.close(_LOST)
        return work

    def prepare(self, function: str, **arguments: Any) -> None:
        """Calls it in the server itself, before what is started after this: what it imports, no child has to. It may start no thread."""
        with contextlib.suppress(OSError), self._lock:  # a server that is lost says so when something is started
            self._socket.sendall(json.dumps({"prepare": function, "arguments": arguments}).encode() + b"\n")

    def _listen(self) -> None:
        """What the server tells of its children, until it ends."""
        try:
            # A server that is killed with jobs unread ends its lines so; what it had taken on is lost, as at any other end.
            with contextlib.suppress(ConnectionResetError):
                for line in self._lines:
                    if line.endswith("\n"):  # else it was killed while it told
                        self._hear(json.loads(line))
        finally:
            self._lose()

    def _hear(self, told: dict[str, int]) -> None:
        if "pid" in told:
            self._works[told["number"]].forked(told["pid"])
        else:
            self._works.pop(told["number"]).close(told["code"])
            self._news.set()

    def _lose(self) -> None:
        with self._lock:
            self._lost = True
            for work in self._works.values():
                work.close(_LOST)
        self._news.set()

    def wait(self, seconds: float) -> None:
        """Until a child has ended since the last call, or so long."""
        self._news.wait(seconds)
        self._news.clear()

    def close(self) -> None:
        """The server sees the end of its socket, ends its children and then itself. One without children may still be importing: it is not waited for."""
        atexit.unregister(self.close)
        if not self._works:
            self._process.kill()
        with contextlib.suppress(OSError):  # it has ended before
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _fresh(its: socket.socket) -> subprocess.Popen:
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tfrun.apart.process", str(its.fileno())],
        pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **variables}, start_new_session=True,
    )  # fmt: skip


_server: Server | None = None
_opening = threading.Lock()


def _forget() -> None:
    """In a fork: the server is the parent's."""
    global _server, _opening
    _server, _opening = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def server(forked: bool = False) -> Server:
    """The one of this process; started now where there is none, and then it loads TensorFlow while the caller goes on.

    forked: see `Server`; it is ready at once then.
    """
    global _server
    with _opening:
        if _server is None or not _server.is_alive:
            _server = Server(forked)
        return _server


def apart(function: str, limits: Limits | None = None, **arguments: Any) -> Any:
    """Calls `function` ("package.module:name") in a child of its own and returns what it returns. Raises Failed."""
    return server().start(function, limits or Limits(), **arguments).answer()
