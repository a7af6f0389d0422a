"""A user's own dataset, whose examination takes as long as a test wants."""

import threading
from dataclasses import replace
from pathlib import Path

from tfrun.component import setting
from tfrun.dataset.fashion import Fashion


class Waiting(Fashion):
    """A few product photos, whose facts cannot be listed, as data checks do, before a file is there."""

    file: Path = setting(..., "its path")

    def open(self):
        data = super().open().limited(64)
        splits = {name: replace(split, facts=_Facts(split.facts, self.file)) for name, split in data.splits.items()}
        return replace(data, splits=splits)


class _Facts(dict):
    def __init__(self, facts, file: Path):
        super().__init__(facts)
        self._file = file

    def __iter__(self):
        while not self._file.exists():
            threading.Event().wait(0.05)
        return super().__iter__()
