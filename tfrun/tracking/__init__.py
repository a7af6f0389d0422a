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


class Tracking(Component):
    """Protocol of the group: `start(record)` gives a Session. The run directory is the truth; this sends it on."""

    def start(self, record: Record) -> Session:
        raise NotImplementedError

    def viewer(self, runs: Path) -> str:
        """The command or address where a person sees the runs; '' where there is none."""
        return ""
