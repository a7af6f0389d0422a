"""What all trials of a sweep read is examined by one of them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.component import plain
from tfrun.config.problems import DataError
from tfrun.dataset.stage import examine_data

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.record import Record
    from tfrun.record.result import Result


def examine_once(experiment: Experiment, data: Data, record: Record, result: Result) -> None:
    """As `examine_data`; nothing, where another trial has examined the same data or is at it.

    The mark is locked while a trial is at it and holds the trial's name afterwards, so one that is killed leaves it to the next.
    """
    with _mark(experiment, record.directory.parent).open("a", encoding="utf-8") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if os.fstat(mark.fileno()).st_size:
            return
        try:
            examine_data(experiment, data, record, result)
        except DataError:  # it has ended too
            mark.write(f"{record.directory.name}\n")
            raise
        mark.write(f"{record.directory.name}\n")


def _mark(experiment: Experiment, sweep: Path) -> Path:
    read = json.dumps([plain(experiment.dataset), plain(experiment.checks)], sort_keys=True)
    return sweep / f".examined-{hashlib.sha256(read.encode()).hexdigest()[:16]}"
