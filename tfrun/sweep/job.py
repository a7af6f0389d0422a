"""One trial on whatever machine: what a Ray worker and a job of Hydra's launchers do, with a folder between them and the sweep.

The folder is `.jobs/<number>` in the sweep's directory, on storage that all machines share: `order.json` says what to do, `stop` asks
for its end, `answer.json` holds what came of it.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrun.apart import Failed, server
from tfrun.apart.limits import Limits
from tfrun.disk import write_atomically

STOPPING = 60.0  # seconds that a trial has to save itself
_LOOK = 0.2  # seconds between looks at what is asked


@dataclass(frozen=True)
class Job:
    """folder: of this job. Both sides make one."""

    folder: Path

    @classmethod
    def of(cls, number: int, directory: Path) -> Job:
        """directory: of the trial."""
        return cls((directory.parent / ".jobs" / str(number)).absolute())

    def give(self, mapping: dict[str, Any], directory: Path, until: float | None, limits: Limits) -> None:
        """What an earlier try has left is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("answer.json", "stop", "begun"):
            (self.folder / name).unlink(missing_ok=True)
        trial = {"mapping": mapping, "directory": str(directory.absolute()), "until": until}
        order = {"trial": trial, "seconds": limits.seconds, "memory": limits.memory, "path": sys.path, "cwd": os.getcwd()}
        write_atomically(self.folder / "order.json", json.dumps(order))

    def ask_to_stop(self) -> None:
        (self.folder / "stop").touch()

    @property
    def has_begun(self) -> bool:
        return (self.folder / "begun").exists()

    def answer(self) -> dict[str, Any] | None:
        """As `conduct` returned it; None: not yet."""
        written = self.folder / "answer.json"
        return json.loads(written.read_text(encoding="utf-8")) if written.is_file() else None


def opened(told: dict[str, Any]) -> dict[str, Any] | Failed:
    """What a pool gives of what `conduct` returned."""
    if "returned" in told:
        return told["returned"]
    return Failed(told["failed"], told.get("traceback", ""), told.get("killed", False))


def conduct(folder: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Makes the trial in a child of this process. environment: variables that the child has beside the worker's.

    Returns {"seconds": of the trial, "returned": as `trial.work`}, or instead of the last {"failed": one line, "traceback", "killed"},
    or {"blind": one line} where this machine does not see the folder.
    """
    job = Job(Path(folder))
    try:
        order = json.loads((job.folder / "order.json").read_text(encoding="utf-8"))
        os.chdir(order["cwd"])
    except OSError as error:
        return {"blind": f"{platform.node()} cannot see {error.filename} ({error.strerror})"}
    sys.path += [entry for entry in order["path"] if entry not in sys.path]
    (job.folder / "begun").touch()
    began = time.monotonic()
    told = _made(job, order, environment)
    told["seconds"] = round(time.monotonic() - began, 3)
    write_atomically(job.folder / "answer.json", json.dumps(told))
    return told


def _made(job: Job, order: dict[str, Any], environment: dict[str, str] | None) -> dict[str, Any]:
    limits = Limits(order["seconds"] or float("inf"), order["memory"])
    work, asked = server().start("tfrun.sweep.trial:work", limits, environment, **order["trial"]), False
    try:
        while not work.ended:
            server().wait(_LOOK)
            work.watch()
            if not asked and (job.folder / "stop").exists():
                work.ask_to_stop()
                asked = True
    except BaseException:  # whoever runs this job wants it to go
        work.ask_to_stop()
        work.give(STOPPING)
        raise
    finally:
        try:
            told = {"returned": work.answer()}
        except Failed as failed:
            told = {"failed": str(failed), "traceback": failed.traceback, "killed": failed.killed}
    return told
