"""Weights on disk: the best so far and the last."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import tensorflow as tf


class Checkpoint:
    """Saves and restores `variables` under names in `directory`; the old one stays until the new one is whole."""

    def __init__(self, directory: Path, variables: list[keras.Variable]):
        self.directory = directory
        self._checkpoint = tf.train.Checkpoint(variables=[variable.value for variable in variables])

    def save(self, name: str) -> None:
        scratch, target = self.directory / f".{name}", self.directory / name
        shutil.rmtree(scratch, ignore_errors=True)
        self._checkpoint.write(str(scratch / "weights"))
        old = self.directory / f".{name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old, ignore_errors=True)

    def restore(self, name: str) -> None:
        self._checkpoint.read(str(self.directory / name / "weights")).assert_consumed()
