"""A training without the rest of a run."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.experiment import Experiment
from tfrun.model import build
from tfrun.record import Record
from tfrun.record.console import Console
from tfrun.training.trainer import train


class Trained:
    """Trains `experiment` on `rows` rows a split in `directory`; goes on with what is there where `resumed`."""

    def __init__(self, experiment: Experiment, fashion, directory, rows=128, resumed=False):
        self.experiment, self.data = experiment, fashion.limited(rows)
        console = Console(quiet=True)
        record = Record.reopen(directory, console) if resumed else Record.open(experiment, directory, console)
        try:
            strategy = experiment.strategy.build()
            self.model = build(experiment, self.data, strategy)
            self.before = [variable.numpy() for variable in self.model.backbone.variables]
            self.history = train(experiment, self.model, self.data, strategy, record)
        finally:
            record.close()

    @property
    def changed(self) -> list[bool]:
        pairs = zip(self.model.backbone.variables, self.before, strict=True)
        return [bool((variable.numpy() != old).any()) for variable, old in pairs]

    @property
    def weights(self) -> np.ndarray:
        return np.concatenate([variable.numpy().ravel() for variable in self.model.variables])

    def validation(self) -> dict[str, float]:
        split = self.data.splits["validation"]
        return self.experiment.evaluation.measure(split.labels, self.model.predict(split), len(self.data.classes))


@pytest.fixture()
def training(small, fashion, tmp_path):
    """training(name="a", rows=128, resumed=False, **groups) -> Trained, in a directory of that name."""

    def done(name="a", rows=128, resumed=False, **groups) -> Trained:
        return Trained(small.model_copy(update={"seed": 3, **groups}), fashion, tmp_path / name, rows, resumed)

    return done
