"""Slices where the model is worse than elsewhere, found among all columns and pairs of columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tfrun.evaluation.slices import CROSS, Slicing

Test = Callable[[np.ndarray, np.ndarray], np.ndarray]

ERROR_RATE = 0.02  # chance that any slice is named where no column matters
_MOST_VALUES = 50  # of a column; one that has more names rows rather than kinds of rows
_MOST_COLUMNS = 40  # that are crossed with each other
_MOST_FOUND = 10
_MOST_ROWS = 100_000  # that are searched, drawn at random


@dataclass(frozen=True)
class Worse:
    """columns and value: which rows. p: how likely so bad a slice is by accident, after the correction."""

    columns: tuple[str, ...]
    value: str
    rows: int
    p: float

    @property
    def name(self) -> str:
        return CROSS.join(self.columns)


def worst(
    slicings: Sequence[Slicing], rows: int, tests: Callable[[np.ndarray], Test], fewest: int, seed: int = 0
) -> list[Worse]:
    """The slices whose rows are worse than the others, the surest first.

    slicings: one a column; pairs of them are looked at too. rows: that there are. fewest: that a slice must have.
    tests: (rows, int [n]) -> a test of groups among them: (codes, int [n], the codes asked for) -> p, one-sided.

    p is multiplied by the number of slices that are tested (Bonferroni), so that any slice is named by accident in at most
    2 of 100 cases. The rows of a slice that was found are left out before the next one is looked for: what only shares rows with
    it is not named.
    """
    slicings = [one for one in slicings if 1 < len(one.values) <= _MOST_VALUES]
    left = np.sort(np.random.default_rng(seed).permutation(rows)[:_MOST_ROWS])
    found: list[Worse] = []
    while slicings and len(found) < _MOST_FOUND and len(left) >= 2 * fewest:
        test = tests(left)
        candidates = [candidate for places in _places(slicings) for candidate in _tested(places, slicings, left, test, fewest)]
        p, places, code = min(candidates, default=(math.inf, (), 0))
        if not p * len(candidates) <= ERROR_RATE:  # also of none
            break
        inside = _codes(places, slicings) == code
        found.append(_worse(places, slicings, code, int(inside.sum()), min(1.0, p * len(candidates))))
        left = left[~inside[left]]
    return found


def _places(slicings: Sequence[Slicing]) -> Iterator[tuple[int, ...]]:
    """Which slicings make one: each alone, then pairs."""
    yield from ((at,) for at in range(len(slicings)))
    yield from itertools.combinations(range(min(len(slicings), _MOST_COLUMNS)), 2)


def _codes(places: tuple[int, ...], slicings: Sequence[Slicing], rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    """int [rows]: of the value, or of the pair of values."""
    first = slicings[places[0]].codes[rows]
    return first if len(places) == 1 else first * len(slicings[places[1]].values) + slicings[places[1]].codes[rows]


def _tested(places, slicings, left, test: Test, fewest: int) -> list[tuple[float, tuple[int, ...], int]]:
    """(p, places, code) of each slice with enough rows, and enough elsewhere."""
    codes = _codes(places, slicings, left)
    rows = np.bincount(codes)
    enough = np.flatnonzero((rows >= fewest) & (rows <= len(left) - fewest))
    p = test(codes, enough)
    return [(float(each), places, int(code)) for each, code in zip(p, enough, strict=True)]


def _worse(places, slicings, code: int, rows: int, p: float) -> Worse:
    parts = [slicings[place] for place in places]
    codes = [code] if len(parts) == 1 else divmod(code, len(parts[1].values))
    value = CROSS.join(part.values[at] for part, at in zip(parts, codes, strict=True))
    return Worse(tuple(part.columns[0] for part in parts), value, rows, p)
