"""Slices: the rows of a split by the values of a column, or of several columns crossed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.dataset import Split

if TYPE_CHECKING:
    from tfrun.evaluation import Evaluation

CROSS = " × "
MOST_NUMBERS = 12  # a column of more numbers than these is cut at its quartiles
_QUARTILES = (0.25, 0.5, 0.75)
_UP_TO, _BETWEEN, _ABOVE = "≤ ", " … ", "> "


@dataclass(frozen=True)
class Slicing:
    """columns: one, or several that are crossed. values: of each group. codes: int [rows], index into values; -1: in none.

    left_out: values that are not shown, since there are too many.
    """

    columns: tuple[str, ...]
    values: list[str]
    codes: np.ndarray
    left_out: int = 0

    @property
    def name(self) -> str:
        return CROSS.join(self.columns)

    @property
    def rows(self) -> np.ndarray:
        """int [values]."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def largest(self, count: int) -> Slicing:
        """With the `count` values that have the most rows, in the old order."""
        if len(self.values) <= count:
            return self
        kept = np.sort(np.argsort(-self.rows, kind="stable")[:count])
        codes = np.full(len(self.values) + 1, -1)
        codes[kept] = np.arange(count)
        return replace(
            self, values=[self.values[at] for at in kept], codes=codes[self.codes], left_out=len(self.values) - count
        )


def slicing(split: Split, columns: str | Sequence[str]) -> Slicing:
    """columns: a name, or several to cross. Numbers of more than 12 values are cut at their quartiles in this split."""
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    found = _column(split, names[0])
    for name in names[1:]:
        found = crossed(found, _column(split, name))
    return found


def crossed(one: Slicing, other: Slicing) -> Slicing:
    """The pairs of values that rows have."""
    width = len(other.values)
    pairs = np.where((one.codes < 0) | (other.codes < 0), -1, one.codes.astype(np.int64) * width + other.codes)
    known, codes = np.unique(pairs, return_inverse=True)
    shift = int(len(known) > 0 and known[0] < 0)
    values = [f"{one.values[pair // width]}{CROSS}{other.values[pair % width]}" for pair in known[shift:].tolist()]
    return Slicing((*one.columns, *other.columns), values, codes - shift)


def named_slices(evaluation: Evaluation, split: Split, probabilities: np.ndarray) -> dict[str, dict[str, Any]]:
    """Metrics by column, or crossed columns, and value; of those that `evaluation.slices` names."""
    found = {}
    for columns in evaluation.slices:
        if columns != "auto":
            one = slicing(split, columns).largest(evaluation.slice_values)
            found[one.name] = evaluation.by_slice(split.labels, probabilities, one, probabilities.shape[1])
    return found


def _column(split: Split, name: str) -> Slicing:
    numbers = split.facts.get(name) if name in split.facts else None
    if numbers is not None and numbers.dtype.kind == "f":
        return _numbers(name, numbers)
    return _words(name, split.columns.get(name, numbers))


def _words(name: str, values: np.ndarray) -> Slicing:
    """values: strings [rows]; None counts as ''."""
    import pyarrow as pa

    encoded = pa.array(values, from_pandas=True).cast(pa.large_string()).fill_null("").dictionary_encode()
    known = np.array(encoded.dictionary.to_pylist(), object)
    order = np.argsort(known)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Slicing((name,), known[order].tolist(), place[encoded.indices.to_numpy(zero_copy_only=False)])


def _numbers(name: str, numbers: np.ndarray) -> Slicing:
    """numbers: float [rows], NaN where missing."""
    missing = np.isnan(numbers)
    known = np.unique(numbers[~missing])
    if len(known) <= MOST_NUMBERS:
        codes, values = np.searchsorted(known, numbers), [f"{number:.15g}" for number in known]
    else:
        edges = np.unique(np.quantile(numbers[~missing], _QUARTILES, method="lower"))
        codes, values = np.searchsorted(edges, numbers), ranges(edges)
    codes = np.where(missing, len(values), codes)
    return Slicing((name,), [*values, ""] if missing.any() else values, codes)


def ranges(edges: Sequence[float] | np.ndarray) -> list[str]:
    """What lies up to the first edge, between each two, and above the last one."""
    shown = [f"{edge:.6g}" for edge in edges]
    between = [f"{low}{_BETWEEN}{high}" for low, high in itertools.pairwise(shown)]
    return [f"{_UP_TO}{shown[0]}", *between, f"{_ABOVE}{shown[-1]}"]


def edges_of(values: Iterable[str]) -> list[float]:
    """The edges that `ranges` has made these of, to six digits, rising; [] where they are no ranges."""
    found = set()
    for value in values:
        low, _, high = value.partition(_BETWEEN)
        named = [low, high] if high else [value[2:]] if value[:2] in (_UP_TO, _ABOVE) else []
        try:
            found.update(map(float, named))
        except ValueError:  # a word that begins so
            return []
    return sorted(found)
