"""What stands in for the record in a process that helps another one to train."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tfrun.record.console import Console, Progress
from tfrun.record.record import Stage


class Onlooker:
    """Has what training wants of a Record, and writes nothing but lines on the screen."""

    def __init__(self, console: Console):
        self.console = console
        self.directory = Path("DIR")  # stands in messages for the directory of worker 0
        self.log_path = Path(os.devnull)
        self.durations: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, has_progress: bool = False):
        stage = Stage()
        yield stage
        self.say(f"{name:<11} {stage.says}")

    def say(self, text: str) -> None:
        self.console.line(f"{datetime.now().isoformat(timespec='seconds')} {text}")

    def warn(self, text: str) -> None:
        self.console.warning(text)

    def log(self, text: str) -> None:
        pass

    @contextmanager
    def progress(self, title: str, total: int, unit: str):
        yield Progress(total)

    def metrics(self, row: dict[str, Any]) -> None:
        pass
