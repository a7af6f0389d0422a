"""Which of a transform's output columns belong to which input, and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["number", "missing", "bucket", "category", "cyclic", "date", "terms", "cross"]
_WIDE = ("bucket", "category", "date", "terms", "cross")
_DEEP = ("number", "missing", "cyclic")
_EMBEDDED = ("category", "date", "terms")


@dataclass(frozen=True)
class Block:
    """Output columns `start` to `start + size` that are made of the inputs named.

    wide: sparse ones, for a linear layer. deep: dense ones, for hidden layers. embedded: sparse ones of one input, which hidden
    layers take as an embedding (Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016).
    """

    inputs: tuple[str, ...]
    kind: BlockKind
    size: int
    start: int = 0

    @property
    def columns(self) -> list[int]:
        return list(range(self.start, self.start + self.size))

    @property
    def wide(self) -> bool:
        return self.kind in _WIDE

    @property
    def deep(self) -> bool:
        return self.kind in _DEEP

    @property
    def embedded(self) -> bool:
        return self.kind in _EMBEDDED


def placed(blocks: list[Block]) -> tuple[Block, ...]:
    """The blocks one after the other, each knowing where it starts."""
    found, start = [], 0
    for block in blocks:
        found.append(Block(block.inputs, block.kind, block.size, start))
        start += block.size
    return tuple(found)
