"""What suits the space."""

from __future__ import annotations

from typing import ClassVar

from tfrun.sweep import Sweep
from tfrun.sweep.grid import Grid
from tfrun.sweep.random import Random
from tfrun.sweep.space import Choice


class AutoSweep(Sweep):
    """Every combination (as `grid`) where there are only choices and ranges, as in `key=a,b,c`; else as `random`."""

    learns: ClassVar[bool] = False

    def engine(self, space, lower_is_better, epochs):
        finite = all(isinstance(dimension, Choice) for dimension in space.dimensions)
        chosen = Grid() if finite else Random(trials=self.trials, seed=self.seed)
        return chosen.engine(space, lower_is_better, epochs)
