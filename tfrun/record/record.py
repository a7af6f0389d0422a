"""One open run directory: its config, its log, its metrics, its stages."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tfrun.component import plain
from tfrun.config.problems import Problem, RunError
from tfrun.provenance.secrets import mask_file, masked, referring
from tfrun.record.console import Console

if TYPE_CHECKING:
    from tfrun.experiment import Experiment


class Record:
    """Owns `directory`, alone. `durations`: seconds by stage. `resumed`: it held an unfinished run of the same experiment."""

    def __init__(self, directory: Path, console: Console, resumed: bool = False):
        self.directory, self.console, self.resumed = directory, console, resumed
        self.durations: dict[str, float] = {}
        self._lock = alone(directory)
        self._written = _written(directory / "metrics.jsonl") if resumed else set()
        self._log = (directory / "log.txt").open("a", encoding="utf-8")
        self._metrics = (directory / "metrics.jsonl").open("a", encoding="utf-8")

    @classmethod
    def open(cls, experiment: Experiment, directory: Path | None, console: Console) -> Record:
        """Claims a new directory and writes the config into it; goes on with an unfinished run of the same config.

        directory: where; None: `runs/<name>/<date_time>`, with a number behind it when that is taken.
        Raises RunError when it cannot be written, holds another run, or one that still goes on.
        """
        text = config_text(experiment)
        if directory and _unfinished(directory) and (directory / "config.yaml").read_text(encoding="utf-8") == text:
            return cls.reopen(directory, console)
        directory = _claim(directory, text) if directory else _claim_new(experiment, text)
        try:
            (directory / "checkpoints").mkdir(exist_ok=True)
            return cls(directory, console)
        except OSError as error:
            raise RunError(Problem("runs", f"cannot be written ({error.strerror})", "make room", directory)) from error

    @classmethod
    def reopen(cls, directory: Path, console: Console) -> Record:
        """An unfinished run, to be gone on with. What came after its training is made again."""
        try:
            (directory / "checkpoints").mkdir(exist_ok=True)
            record = cls(directory, console, resumed=True)
            (directory / "result.json").unlink(missing_ok=True)
            shutil.rmtree(directory / "exports", ignore_errors=True)
        except OSError as error:
            raise RunError(Problem("runs", f"cannot be written ({error.strerror})", "make room", directory)) from error
        return record

    @property
    def log_path(self) -> Path:
        return self.directory / "log.txt"

    @contextmanager
    def stage(self, name: str, has_progress: bool = False):
        """Times a stage; prints its line when it is done. The value has `.says`, what to print.

        has_progress: it shows a progress line of its own, so none is shown for the stage.
        """
        stage = Stage()
        began = time.perf_counter()
        self.log(f"{name}: start")
        with nullcontext() if has_progress else self.console.waiting(name):
            yield stage
        seconds = time.perf_counter() - began
        self.durations[name] = round(self.durations.get(name, 0.0) + seconds, 3)
        self.say(f"{name:<11} {stage.says}  ({seconds:.1f} s)")

    def say(self, text: str) -> None:
        self.console.line(text)
        self.log(text)

    def warn(self, text: str) -> None:
        self.console.warning(text)
        self.log(f"warning: {text}")

    def log(self, text: str) -> None:
        self._log.write(f"{datetime.now().isoformat(timespec='milliseconds')} {masked(text)}\n")
        self._log.flush()

    @contextmanager
    def progress(self, title: str, total: int, unit: str):
        with self.console.progress(title, total, unit) as progress:
            yield progress

    def metrics(self, row: dict[str, Any]) -> None:
        """Appends a measurement to metrics.jsonl, with the time and the state of the machine; once, also when it is made again."""
        if (row["phase"], row["step"]) in self._written:
            return
        line = {"time": time.time(), **row, "system": _system()}
        self._metrics.write(json.dumps(line) + "\n")
        self._metrics.flush()

    def close(self) -> None:
        self._log.close()
        mask_file(self.log_path)  # libraries and the tracking write to it by themselves
        self._metrics.close()
        self._lock.close()


def config_text(experiment: Experiment) -> str:
    """What config.yaml holds: everything resolved but secrets, which are references to the environment."""
    return yaml.safe_dump(referring(plain(experiment)), sort_keys=False, allow_unicode=True)


class Stage:
    says = ""


def _claim_new(experiment: Experiment, config: str) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for number in range(1, 1000):
        suffix = "" if number == 1 else f"_{number}"
        directory = experiment.runs / experiment.name / f"{stamp}{suffix}"
        if not (directory / "config.yaml").exists():
            return _claim(directory, config, key="runs")
    raise RunError(Problem("runs", "a thousand runs have started in this second", "wait a second", experiment.runs))


def _claim(directory: Path, config: str, key: str = "hydra.run.dir") -> Path:
    """Exclusive: two processes cannot both give config.yaml its name, and it is whole from the start."""
    scratch = directory / f".config-{os.getpid()}.yaml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch.write_text(config, encoding="utf-8")
        os.link(scratch, directory / "config.yaml")
        return directory
    except FileExistsError as error:
        if not directory.is_dir():
            raise RunError(Problem(key, "is a file, not a folder", "choose another folder", directory)) from error
        raise RunError(_taken(key, directory, config)) from error
    except OSError as error:
        raise RunError(
            Problem(
                key, f"cannot be written ({error.strerror})", "choose a folder you can write to, e.g. runs=/tmp/runs", directory
            )
        ) from error
    finally:
        with suppress(OSError):  # the folder may not be there at all
            scratch.unlink(missing_ok=True)


def _taken(key: str, directory: Path, config: str) -> Problem:
    if _is_done(directory):
        return Problem(key, "holds a finished run already", "choose another directory, or remove it", directory)
    way_out = f"`python -m tfrun resume {directory}` goes on with it as it was; or choose another directory"
    return Problem(key, "holds a run of another config that did not finish", way_out, directory)


def _unfinished(directory: Path) -> bool:
    return (directory / "config.yaml").is_file() and not _is_done(directory)


def alone(directory: Path):
    """A lock that ends with this process, however it ends."""
    lock = (directory / ".lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise RunError(Problem("runs", "another process is at work on this run", "wait for its end", directory)) from error
    return lock


def _written(metrics: Path) -> set[tuple[str, int]]:
    """(phase, step) of the measurements in the file; half a line at its end, from a killed process, is cut off."""
    if not metrics.exists():
        return set()
    content = metrics.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(metrics, len(whole))
    return {(row["phase"], row["step"]) for row in map(json.loads, whole.splitlines())}


def _is_done(directory: Path) -> bool:
    try:
        return json.loads((directory / "result.json").read_text(encoding="utf-8"))["status"] == "done"
    except (OSError, ValueError, KeyError):
        return False


def _system() -> dict[str, float]:
    import psutil

    process = psutil.Process()
    return {
        "cpu_utilization_percentage": psutil.cpu_percent(),
        "system_memory_usage_megabytes": round(psutil.virtual_memory().used / 1e6, 1),
        "process_memory_usage_megabytes": round(process.memory_info().rss / 1e6, 1),
    }
