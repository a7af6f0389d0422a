"""One open run directory: its config, its log, its metrics, its stages."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tfrun.component import plain
from tfrun.config.problems import Problem, RunError
from tfrun.record.console import Console

if TYPE_CHECKING:
    from tfrun.experiment import Experiment


class Record:
    """Owns `directory`. `durations`: seconds by stage."""

    def __init__(self, directory: Path, console: Console):
        self.directory, self.console = directory, console
        self.durations: dict[str, float] = {}
        self._log = (directory / "log.txt").open("a", encoding="utf-8")
        self._metrics = (directory / "metrics.jsonl").open("a", encoding="utf-8")

    @classmethod
    def open(cls, experiment: Experiment, directory: Path | None, console: Console) -> Record:
        """Claims a new directory and writes the config into it.

        directory: where; None: `runs/<name>/<date_time>`, with a number behind it when that is taken.
        Raises RunError when it cannot be written, or holds another run.
        """
        directory = _claim(directory) if directory else _claim_new(experiment)
        text = yaml.safe_dump(plain(experiment), sort_keys=False, allow_unicode=True)
        try:
            (directory / "checkpoints").mkdir(exist_ok=True)
            (directory / "config.yaml").write_text(text, encoding="utf-8")
            return cls(directory, console)
        except OSError as error:
            raise RunError(Problem("runs", f"cannot be written ({error.strerror})", "make room", directory)) from error

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
        self._log.write(f"{datetime.now().isoformat(timespec='milliseconds')} {text}\n")
        self._log.flush()

    @contextmanager
    def progress(self, title: str, total: int, unit: str):
        with self.console.progress(title, total, unit) as progress:
            yield progress

    def metrics(self, row: dict[str, Any]) -> None:
        """Appends a measurement to metrics.jsonl, with the time and the state of the machine."""
        line = {"time": time.time(), **row, "system": _system()}
        self._metrics.write(json.dumps(line) + "\n")
        self._metrics.flush()

    def close(self) -> None:
        self._log.close()
        self._metrics.close()


class Stage:
    says = ""


def write_atomically(path: Path, text: str) -> None:
    """The file is the old one or the new one, never half of it."""
    scratch = path.with_name(f".{path.name}.new")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _claim_new(experiment: Experiment) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for number in range(1, 1000):
        suffix = "" if number == 1 else f"_{number}"
        directory = experiment.runs / experiment.name / f"{stamp}{suffix}"
        if not (directory / "config.yaml").exists():
            return _claim(directory, key="runs")
    raise RunError(Problem("runs", "a thousand runs have started in this second", "wait a second", experiment.runs))


def _claim(directory: Path, key: str = "hydra.run.dir") -> Path:
    """Exclusive: two processes cannot both create config.yaml."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "config.yaml").open("x"):
            return directory
    except FileExistsError as error:
        state = "a finished run" if _is_done(directory) else "a run that did not finish"
        if not directory.is_dir():
            raise RunError(Problem(key, "is a file, not a folder", "choose another folder", directory)) from error
        raise RunError(Problem(key, f"holds {state} already", "choose another directory, or remove it", directory)) from error
    except OSError as error:
        raise RunError(
            Problem(
                key, f"cannot be written ({error.strerror})", "choose a folder you can write to, e.g. runs=/tmp/runs", directory
            )
        ) from error


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
