"""Tracking: where the evidence goes besides the run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tfrun.component import Component

if TYPE_CHECKING:
    from tfrun.record import Record
    from tfrun.record.result import Result


class Session(Protocol):
    """One run's tracking, started."""

    def finish(self, record: Record, result: Result) -> None:
        """Called once, after result.json is written. Never raises for a server that is away."""


class SweepRecord(Protocol):
    """What tracking wants of a sweep: its directory, and the screen."""

    directory: Path

    def say(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...


class Tracking(Component):
    """Protocol of the group: `start(record)` gives a Session. The run directory is the truth; this sends it on."""

    def start(self, record: Record) -> Session:
        raise NotImplementedError

    def start_sweep(self, sweep: SweepRecord) -> Session | None:
        """As `start`, once for a whole sweep, with all its trials; None: the best trial alone is tracked, as any run."""
        return None

    def viewer(self, runs: Path) -> str:
        """The command or address where a person sees the runs; '' where there is none."""
        return ""
