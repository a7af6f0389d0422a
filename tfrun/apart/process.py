"""The process that hands out children. `python -m tfrun.apart.process FD`: jobs come as JSON lines through that socket.

It imports TensorFlow, runs no op of it, so that no thread of TensorFlow's is lost in a fork, and forks a child a job.
Told back: the pid of each child, and the code it ended with (a signal as a negative number).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from tfrun.quiet import imported_only

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as talk:
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        import_heavy()
        gc.freeze()  # children share what is here, and nobody looks for garbage in it
        children: dict[int, int] = {}
        try:
            _serve(talk, wake, children)
        finally:
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)


def import_heavy() -> None:
    """What every child would import; and nothing that starts threads."""
    import keras  # noqa: F401
    import tensorflow as tf

    _ = tf.lite.TFLiteConverter, tf.saved_model.load  # lazy modules
    imported_only()


def _serve(talk: socket.socket, wake: int, children: dict[int, int]) -> None:
    """children: {pid: number}. Returns at the end of the socket."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(talk, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 4096)
                    _reap(talk, children)
                    continue
                received = talk.recv(65536)
                if not received:
                    return
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    job = json.loads(line)
                    if "prepare" in job:
                        _called(job["prepare"], job["arguments"])
                    else:
                        _fork(talk, job, children)


def _fork(talk: socket.socket, job: dict, children: dict[int, int]) -> None:
    pid = os.fork()
    if pid == 0:
        _child(talk, job)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)  # here and in the child: whoever is first
    children[pid] = job["number"]
    _tell(talk, number=job["number"], pid=pid)


def _reap(talk: socket.socket, children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell(talk, number=children.pop(pid), code=os.waitstatus_to_exitcode(status))


def _tell(talk: socket.socket, **what: int) -> None:
    with contextlib.suppress(OSError):  # the other end has gone: the next read says so
        talk.sendall(json.dumps(what).encode() + b"\n")


def _child(talk: socket.socket, job: dict) -> None:
    """Never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        talk.close()
        os.setpgid(0, 0)
        _die_with_the_server()
        folder = Path(job["folder"])
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(job["cwd"])
        sys.path[:] = job["path"]
        os.environ.update(job["environment"])
        if job["cores"] and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, job["cores"])
        code = _work(job["function"], job["arguments"], folder / "answer.json")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_the_server() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(function: str, arguments: dict, answer: Path) -> int:
    try:
        told, code = {"returned": _called(function, arguments)}, 0
    except Exception as error:
        told, code = {"raised": one_line(error), "traceback": traceback.format_exc()}, 1
    answer.write_text(json.dumps(told), encoding="utf-8")
    return code


def _called(function: str, arguments: dict) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)(**arguments)


def one_line(error: Exception) -> str:
    """What a library says in many lines, in the most telling one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line.lower() or "not supported" in line or "neither a custom" in line]
    return (telling or lines or [type(error).__name__])[0][:300]


if __name__ == "__main__":
    main(int(sys.argv[1]))
