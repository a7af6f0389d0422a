"""What the columns of a table are for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Roles:
    """label: what is predicted; all other names are columns too, where there are such.

    texts: columns of free text. ids: what a person calls each row. digest: bytes or strings, a hash of the row's input.
    dhash: uint64, a perceptual hash of the row's picture, a line of it each byte. embeddings: lists of numbers of one length.
    facts: those of the features that describe an input, such as a picture's height, and may well be the same in all rows.
    features: what the model sees; None: all columns without another role. groups: columns whose values each are in one split only
    (they differ between splits, and are not looked at for drift).
    """

    label: str
    texts: tuple[str, ...] = ()
    ids: str | None = None
    digest: str | None = None
    dhash: str | None = None
    embeddings: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def marks(self) -> frozenset[str]:
        """Columns that tell rows apart: they are not described."""
        return frozenset(name for name in (self.digest, self.dhash) if name)

    def inputs(self, columns: Iterable[str]) -> list[str]:
        """Those of `columns` that the model sees."""
        if self.features is not None:
            return [name for name in columns if name in self.features]
        others = {self.label, self.ids, *self.marks, *self.groups}
        return [name for name in columns if name not in others]
