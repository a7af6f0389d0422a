"""The graph of a table's transform, in two steps: what was sent to numbers, numbers to one vector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfrun.transform.crosses import Cross
from tfrun.transform.layout import Block, placed
from tfrun.transform.part import Part


class TableTransform(tf.Module):
    """{input name: [n]} to float32 [n, columns].

    columns: where each input is. numeric_inputs: what the second step takes. fitted: what was found in the training rows, in
    plain values. explained: how the numbers of the second step are made.
    """

    output_dtype = "float32"
    says = (
        "everything is part of the graph: send numbers (missing: NaN), words (missing: an empty string) and times as seconds "
        "since 1970 in UTC (missing: NaN)"
    )

    def __init__(self, parts: list[Part], crosses: list[Cross]):
        super().__init__(name="transform")
        # What Keras layers hold is saved because they are found here; parts are plain objects.
        self.layers = [layer for part in parts for layer in part.layers]
        self._parts, self._crosses = _Plain(parts), _Plain(crosses)
        self._blocks = _Plain(placed([*(b for part in parts for b in part.blocks), *(c.block for c in crosses)]))
        self._about = _Plain({
            "fitted": [[part.spec.name, part.fitted] for part in parts],
            "explained": {name: how for part in parts for name, how in part.explained.items()},
            "numeric": tuple(spec for part in parts for spec in part.numeric),
        })  # fmt: skip

    @property
    def columns(self) -> tuple[Block, ...]:
        return self._blocks.value

    @property
    def output_shape(self) -> tuple[int]:
        return (sum(block.size for block in self.columns),)

    @property
    def numeric_inputs(self):
        return self._about.value["numeric"]

    @property
    def fitted(self) -> list[Any]:
        return self._about.value["fitted"]

    @property
    def explained(self) -> dict[str, Any]:
        return self._about.value["explained"]

    def __call__(self, raw: dict[str, tf.Tensor]) -> tf.Tensor:
        return self.from_numeric(self.to_numeric(raw))

    def to_numeric(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Strings become indices, times parts of the calendar."""
        return {name: value for part in self._parts.value for name, value in part.to_numeric(raw[part.spec.name]).items()}

    def from_numeric(self, numeric: dict[str, tf.Tensor]) -> tf.Tensor:
        columns = [column for part in self._parts.value for column in part.encode(numeric)]
        columns += [cross.encode(numeric) for cross in self._crosses.value]
        return tf.ensure_shape(tf.concat(columns, axis=1), [None, *self.output_shape])


class _Plain:
    """Keeps a value from being wrapped and tracked, which would change its type."""

    def __init__(self, value):
        self.value = value
