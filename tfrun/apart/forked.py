"""The server as a fork of the process that uses it: what that has imported need not be imported again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import traceback
from collections import Counter


class Forked:
    """The part of subprocess.Popen's interface that `Server` uses."""

    def __init__(self, mine: socket.socket, its: socket.socket):
        self.pid = os.fork()
        self.returncode: int | None = None
        if self.pid == 0:
            mine.close()
            _be_the_server(its)

    def poll(self) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        import psutil

        if self.poll() is None:
            try:
                self.returncode = psutil.Process(self.pid).wait(timeout) or 0
            except psutil.NoSuchProcess:
                self.returncode = 0
            except psutil.TimeoutExpired as error:
                raise subprocess.TimeoutExpired("tfrun.apart", timeout) from error
        return self.returncode

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def _close_all_but(talk: int) -> None:
    """All descriptors but it, the first three, and those with which libraries wake themselves (events, pipes with both ends here): at the next fork
    they look for these, and Arrow aborts the process where its own are gone.
    """
    found = {}
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the listing's own
            found[int(name)] = os.fstat(int(name))
    ends = Counter(status.st_ino for status in found.values() if stat.S_ISFIFO(status.st_mode))
    for descriptor, status in found.items():
        wakes = stat.S_IFMT(status.st_mode) == 0 or ends[status.st_ino] > 1
        if descriptor > 2 and descriptor != talk and not wakes:
            os.close(descriptor)


def _be_the_server(its: socket.socket) -> None:
    """Never returns. Nothing of the parent's is held on to: its locks and pipes must end with it."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        talk = its.detach()
        _close_all_but(talk)
        from tfrun.apart.process import main

        main(talk)
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)
