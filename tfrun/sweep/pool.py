"""Trials at work: so many at a time, each in a process and on cores or a GPU of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrun.apart import Failed, Work, server
from tfrun.apart.limits import Limits
from tfrun.cores import cores
from tfrun.sweep import Suggestion

_STOPPING = 60.0  # seconds that a trial has to save itself


@dataclass
class Running:
    """One trial at work. stopped: why it was asked to stop. began: by the clock."""

    number: int
    work: Work
    place: int
    stopped: str = ""
    began: float = field(default_factory=time.time)


class LocalPool:
    """Processes on this machine, refilled as soon as one ends. size: trials at a time, or auto."""

    def __init__(self, size: int | str, limits: Limits):
        self.gpus = _gpus()
        self.size = size if isinstance(size, int) else len(self.gpus) or cores()
        self.limits = limits
        self.running: dict[int, Running] = {}
        self._shares = _shares(self.size)
        self._prepared = False
        server()  # loads TensorFlow meanwhile

    @property
    def has_room(self) -> bool:
        return len(self.running) < self.size

    def start(self, suggestion: Suggestion, mapping: dict[str, Any], directory: Path) -> None:
        taken = {running.place for running in self.running.values()}
        place = next(place for place in range(self.size) if place not in taken)
        environment = {"CUDA_VISIBLE_DEVICES": self.gpus[place % len(self.gpus)]} if self.gpus else {}
        if not self._prepared:
            server().prepare("tfrun.sweep.trial:prepare", targets=sorted(targets_of(mapping)))
            self._prepared = True
        work = server().start(
            "tfrun.sweep.trial:work",
            self.limits,
            environment,
            self._shares[place],
            mapping=mapping,
            directory=str(directory),
            until=suggestion.until,
        )
        self.running[suggestion.number] = Running(suggestion.number, work, place)

    def wait(self, seconds: float) -> None:
        """Until one has ended, or so long; trials that pass a limit are ended."""
        server().wait(seconds)
        for running in self.running.values():
            running.work.watch()

    def ended(self) -> list[tuple[Running, dict[str, Any] | Failed]]:
        """Those that have ended since the last call, with what they returned or how they failed."""
        over = [running for running in self.running.values() if running.work.ended]
        return [(running, self._answer(running)) for running in over]

    def _answer(self, running: Running) -> dict[str, Any] | Failed:
        del self.running[running.number]
        try:
            return running.work.answer()
        except Failed as failed:
            return failed

    def ask_to_stop(self, number: int, why: str) -> None:
        """It saves what it has and ends."""
        self.running[number].stopped = why
        self.running[number].work.ask_to_stop()

    def close(self) -> None:
        """Ends what still runs; what it had saved stays."""
        for running in self.running.values():
            running.work.ask_to_stop()
        for running in list(self.running.values()):
            running.work.give(_STOPPING)
            self._answer(running)


def targets_of(mapping: Any) -> Iterator[str]:
    """Classes that the components of an experiment are of."""
    if isinstance(mapping, dict):
        if "_target_" in mapping:
            yield mapping["_target_"]
        mapping = list(mapping.values())
    if isinstance(mapping, list):
        for value in mapping:
            yield from targets_of(value)


def _shares(size: int) -> list[list[int] | None]:
    """Numbers of cores of each place; None: all, where there are fewer cores than trials."""
    if not hasattr(os, "sched_getaffinity"):
        return [None] * size
    mine = sorted(os.sched_getaffinity(0))[: cores()]
    each = len(mine) // size
    return [mine[place * each : (place + 1) * each] if each else None for place in range(size)]


def _gpus() -> list[str]:
    """Numbers of the GPUs, without importing TensorFlow."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [number for number in visible.split(",") if number and number != "-1"]
    driver = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number in range(len(list(driver.iterdir())))] if driver.is_dir() else []
