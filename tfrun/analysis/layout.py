"""What a tf.Example holds: what the model is asked with, the label, and what rows are sliced by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.evaluation.slices import ranges

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Layout:
    """argument: of the signature `serving_bytes`. picture: feature with an encoded picture, where that takes one; '': it takes
    whole tf.Examples. inputs, label: features. classes: names. columns: feature by column. edges: of columns of numbers that are cut.
    """

    argument: str
    picture: str
    inputs: tuple[str, ...]
    label: str
    classes: tuple[str, ...]
    columns: Mapping[str, str]
    edges: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, contract: Mapping[str, Any], label: str, columns: Mapping[str, str], edges=None) -> Layout:
        """contract: `exports/contract.json` of a run."""
        signatures = contract["signatures"]
        argument = signatures["serving_bytes"]["inputs"][0]["name"]
        inputs = tuple(described.get("column") or described["name"] for described in signatures["serving_default"]["inputs"])
        picture = inputs[0] if argument == "bytes" else ""
        return cls(argument, picture, inputs, label, tuple(contract["labels"]), columns, edges or {})

    def request(self, record: bytes, example: tf.train.Example) -> bytes:
        """What the signature is asked with. Raises ValueError where the picture is missing."""
        if not self.picture:
            return record
        held = values(example, self.picture)
        if len(held) != 1 or not isinstance(held[0], bytes):
            raise ValueError(f"'{self.picture}' holds no encoded picture")
        return held[0]

    def class_of(self, example: tf.train.Example) -> int | None:
        """A name, or a number: that is a name, or an index into the classes. None: there is no label; -1: no known one."""
        held = values(example, self.label)
        if not len(held):
            return None
        name = word(held[0])
        if name in self.classes:
            return self.classes.index(name)
        return held[0] if isinstance(held[0], int) and 0 <= held[0] < len(self.classes) else -1

    def slices(self, example: tf.train.Example) -> dict[str, str]:
        """By column; '' where it is missing."""
        return {name: self._slice(name, values(example, feature)) for name, feature in self.columns.items()}

    def _slice(self, name: str, held: Sequence[Any]) -> str:
        text = word(held[0]) if len(held) else ""
        if not text or name not in self.edges or isinstance(held[0], bytes):
            return text
        edges = self.edges[name]
        return ranges(edges)[int(np.searchsorted(edges, float(text)))]


def values(example: tf.train.Example, feature: str) -> Sequence[Any]:
    """Of a feature; empty where there is none."""
    held = example.features.feature
    kind = held[feature].WhichOneof("kind") if feature in held else None
    return () if kind is None else getattr(held[feature], kind).value


def word(value: bytes | int | float) -> str:
    """As slices and classes are named: a float32 in the fewest digits that tell it, '' for NaN."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value) if isinstance(value, int) else "" if np.isnan(value) else f"{float(str(np.float32(value))):.15g}"
