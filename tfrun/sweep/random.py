"""Random values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from tfrun.sweep import Sweep
from tfrun.sweep.grid import Listed
from tfrun.sweep.space import Choice, Space, Values


class Random(Sweep):
    """Each key drawn by itself: choices evenly, intervals evenly or by their logarithm. No combination twice, as far as there are others."""

    learns: ClassVar[bool] = False

    def engine(self, space, lower_is_better, epochs):
        return Listed(_drawn(space, self.seed), self.trials)


_TRIES = 200  # draws until a new combination of a small space is given up


def _drawn(space: Space, seed: int) -> Iterator[Values]:
    generator, seen = np.random.default_rng(seed), set()
    while True:
        for _ in range(_TRIES):
            values = {dimension.key: _one(dimension, generator) for dimension in space.dimensions}
            if repr(values) not in seen:
                break
        else:
            return
        seen.add(repr(values))
        yield values


def _one(dimension, generator: np.random.Generator):
    if isinstance(dimension, Choice):
        return dimension.values[int(generator.integers(len(dimension.values)))]
    return dimension.at(float(generator.random()))
