"""What a table's transform is made of: a part an input, fitted row by row, then two steps of graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.dataset import InputSpec
    from tfrun.transform.layout import Block


class Part:
    """Protocol. `see` gets the training rows, batch after batch; then `settle` is called once, and the rest holds.

    The first step makes numbers of what the user sends (`to_numeric`), the second columns of these numbers (`encode`); devices
    without strings start at the second. layers: Keras layers to be saved with the graph. fitted: what was found, in plain
    values. explained: how the numbers are made, for callers of the second step. taken: names of all inputs, which no number
    that is made of this one may have (see `made`).
    """

    def __init__(self, spec: InputSpec, taken: Collection[str] = ()):
        self.spec, self._taken = spec, taken
        self.layers: list = []
        self.numeric: tuple[InputSpec, ...] = (spec,)
        self.blocks: list[Block] = []
        self.fitted: Any = None
        self.explained: dict[str, Any] = {}

    def see(self, values: np.ndarray) -> None:
        """values: one raw batch [n] of the input."""

    def settle(self) -> None:
        raise NotImplementedError

    def to_numeric(self, raw: tf.Tensor) -> dict[str, tf.Tensor]:
        """raw: [n]. Returns a tensor for each of `numeric`."""
        return {self.spec.name: raw}

    def encode(self, numeric: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        """float32 [n, size] for each block."""
        raise NotImplementedError

    def made(self, ending: str) -> str:
        """What a number made of this input is called: `<input>_<ending>`, with as many `_` behind as it needs to be free."""
        name = f"{self.spec.name}_{ending}"
        while name in self._taken:
            name += "_"
        return name

    @property
    def values(self) -> int:
        """How many different `index` there are; 0: cannot be crossed."""
        return 0

    def index(self, numeric: dict[str, tf.Tensor]) -> tf.Tensor:
        """int32 [n], below `values`, by which it is crossed with others."""
        raise NotImplementedError
