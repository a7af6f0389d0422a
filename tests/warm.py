"""`python -m tfrun …` without the seconds that importing TensorFlow takes: forks of a process that has imported it and run no op.

Trials of a sweep begin in the same way (`tfrun.apart.process`), and a run in such a fork goes the way of a fresh one: `import_tensorflow`
knows that TensorFlow was only imported. What depends on the import itself, or on the environment at that time, takes a fresh process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_IMPORTS = (
    "sklearn.linear_model",
    "matplotlib.figure",
    "pyarrow.parquet",
    "hydra",
    "mlflow",
    "tfrun.run",
    "tfrun.model",
    "tfrun.training.trainer",
)


class Warm:
    """Runs one command at a time."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        atexit.register(self.close)

    def run(self, arguments: list[str], folder: Path, timeout: float) -> tuple[int, str, str]:
        """Exit code, output, errors. Raises subprocess.TimeoutExpired as subprocess does."""
        with tempfile.TemporaryDirectory() as scratch:
            out, err = Path(scratch, "out"), Path(scratch, "err")
            environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
            job = {
                "arguments": arguments,
                "folder": str(folder),
                "environment": environment,
                "out": str(out),
                "err": str(err),
                "timeout": timeout,
            }
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError("the process that hands out commands has died")
            code = json.loads(answer)
            if code is None:
                raise subprocess.TimeoutExpired(arguments, timeout, out.read_text(), err.read_text())
            return code, out.read_text(errors="replace"), err.read_text(errors="replace")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait(30)


@cache
def warm() -> Warm:
    """One for each process of the tests."""
    return Warm()


def main() -> None:
    import gc
    import importlib

    from tfrun.apart.process import import_heavy

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import_heavy()
    for name in _IMPORTS:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            answers.close()
            return _command(job)
        answers.write(json.dumps(_code(pid, job["timeout"])) + "\n")
        answers.flush()


def _command(job: dict) -> None:
    """Becomes the command, and ends as it does."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for descriptor, source in ((0, nothing), (1, os.open(job["out"], flags, 0o600)), (2, os.open(job["err"], flags, 0o600))):
        os.dup2(source, descriptor)
    sys.stdin = open(0)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    import tfrun
    from tfrun.__main__ import command

    sys.argv = [str(Path(tfrun.__file__).with_name("__main__.py")), *job["arguments"]]
    sys.path[0] = job["folder"]
    command()


def _code(pid: int, timeout: float) -> int | None:
    """None: it took too long and was killed."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except TimeoutError:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(*_) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main()
