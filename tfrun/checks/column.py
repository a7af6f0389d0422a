"""What is known of one column of one split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from tfrun.checks.encoded import Encoded, Kind
from tfrun.checks.numbers import Numbers
from tfrun.checks.strings import Strings

_ORDER: tuple[Kind, ...] = ("bytes", "string", "float", "int", "struct", "none")  # a column is the first kind it has values of
_EXAMPLES = 5


class Column:
    """present: rows with a value. kinds: values by kind. lengths: values a row, where the column holds lists.

    not_finite: what the first few rows with NaN or an infinity are called.
    """

    def __init__(self, text: bool = False) -> None:
        self.present = self.values = 0
        self.kinds: Counter[Kind] = Counter()
        self.declared: set[Kind] = set()
        self.numbers = Numbers()
        self.strings = Strings(text)
        self.lengths = Numbers()
        self.lists = False
        self.not_finite: dict[str, list[str]] = {"nan": [], "infinity": []}

    @property
    def kind(self) -> Kind:
        found = [kind for kind in _ORDER if self.kinds[kind]] or [kind for kind in _ORDER if kind in self.declared]
        return found[0] if found else "none"

    def add(self, block: Encoded, row_names: Callable[[np.ndarray], list[str]]) -> None:
        """row_names: what rows (int64 [n]) of the block are called."""
        present = int(block.present.sum())
        self.present += present
        self.declared.add(block.kind)
        if block.lengths is not None:
            self.lists = True
        if not present:
            return
        if block.lengths is not None:
            self.lengths.add(block.lengths.astype(float))
        values = present if block.lengths is None else int(block.lengths.sum())
        self.values += values
        self.kinds[block.kind] += values
        if block.numbers is not None and len(block.numbers):
            self._name_not_finite(block, row_names)
            self.numbers.add(block.numbers)
        elif block.words is not None and len(block.words):
            self.strings.add(block.words, block.hashes, np.bincount(block.codes, minlength=len(block.words)))

    def merge(self, other: Column) -> None:
        self.present, self.values = self.present + other.present, self.values + other.values
        self.kinds.update(other.kinds)
        self.declared |= other.declared
        self.lists |= other.lists
        for name in ("numbers", "strings", "lengths"):
            getattr(self, name).merge(getattr(other, name))
        for kind, names in self.not_finite.items():
            names.extend(other.not_finite[kind][: _EXAMPLES - len(names)])

    def _name_not_finite(self, block: Encoded, row_names: Callable[[np.ndarray], list[str]]) -> None:
        if block.lengths is not None or np.isfinite(block.numbers).all():
            return
        rows = np.flatnonzero(block.present)
        for kind, found in (("nan", np.isnan(block.numbers)), ("infinity", np.isinf(block.numbers))):
            wanted = _EXAMPLES - len(self.not_finite[kind])
            self.not_finite[kind] += row_names(rows[np.flatnonzero(found)[:wanted]])
