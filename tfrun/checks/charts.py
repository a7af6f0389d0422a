"""The shapes of the charts on the page: outlines of distributions and bars of categories, as numbers from 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfrun.checks.quantiles import Quantiles, even, values_of

WIDTH, HEIGHT = 300, 84  # of an outline
_BINS, _FEW = 40, 40
_TAIL = 0.005  # share of values at each end that may stay outside of the chart, where they would squeeze the rest


@dataclass(frozen=True)
class Curve:
    """points: of a polyline in a box of 300 × 84, its floor at 84."""

    split: str
    points: str


@dataclass(frozen=True)
class Bar:
    """shares: by split, percent of the split's values; widths: the same, the longest bar 100."""

    value: str
    shares: dict[str, float]
    widths: dict[str, float]


def curves(spreads: Mapping[str, Quantiles]) -> tuple[tuple[Curve, ...], str, str]:
    """An outline a split over the same bins, and the ends of the axis."""
    filled = {split: spread for split, spread in spreads.items() if spread.total()}
    if not filled:
        return (), "", ""
    with np.errstate(over="ignore"):  # a range may be beyond the largest number
        edges = _edges(list(filled.values()))
    shares = {split: _shares(spread, edges) for split, spread in filled.items()}
    top = max(share.max() for share in shares.values()) or 1.0
    outlines = tuple(Curve(split, _outline(share / top)) for split, share in shares.items())
    return outlines, f"{edges[0]:.4g}", f"{edges[-1]:.4g}"


def bars(counts: Mapping[str, Mapping[str, float]], shown: int) -> tuple[Bar, ...]:
    """The values that are most frequent over all splits, and the rest."""
    totals = {split: sum(found.values()) for split, found in counts.items()}
    shares = {split: {value: 100 * count / totals[split] for value, count in found.items()} for split, found in counts.items()}
    values = sorted(
        {value for found in shares.values() for value in found}, key=lambda value: (-_largest(shares, value), value)
    )
    if not values or _largest(shares, values[0]) < 0.5:
        return ()  # ids and free text: no value stands out
    parts = {value: {split: found.get(value, 0.0) for split, found in shares.items()} for value in values[:shown]}
    if len(values) > shown:
        left = {split: max(0.0, 100.0 - sum(part[split] for part in parts.values())) for split in shares}
        parts[f"{len(values) - shown:,} others"] = left
    longest = max(max(part.values()) for part in parts.values()) or 1.0
    return tuple(
        Bar(value, part, {split: 100 * share / longest for split, share in part.items()}) for value, part in parts.items()
    )


def _largest(shares: Mapping[str, Mapping[str, float]], value: str) -> float:
    return max(found.get(value, 0.0) for found in shares.values())


def _edges(spreads: list[Quantiles]) -> np.ndarray:
    """Between neighbouring values where they are few, else 40 bins of one width without the far ends."""
    values = np.unique(np.concatenate([spread.values() for spread in spreads]))
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    steps = np.diff(values)
    if not any(spread.level for spread in spreads) and np.ptp(values) / steps.min() < _FEW:
        return np.arange(values[0] - steps.min() / 2, values[-1] + steps.min(), steps.min())
    low, high = zip(*(spread.quantiles(np.array([_TAIL, 1 - _TAIL])) for spread in spreads))
    inner = np.array([min(low), max(high)])
    far = inner[1] > inner[0] and np.ptp(values) > 2 * np.ptp(inner)
    return even(*(inner if far else values[[0, -1]]), _BINS)


def _shares(spread: Quantiles, edges: np.ndarray) -> np.ndarray:
    """Share of values in each bin; a cell's values are taken for evenly spread over it."""
    first = spread.keys << spread.level
    low, high = values_of(first), values_of(first + (1 << spread.level)) if spread.level else values_of(first)
    wide = high > low
    below = np.zeros(len(edges))
    for number, edge in enumerate(edges):
        parts = (low < edge).astype(float)
        with np.errstate(over="ignore", invalid="ignore"):  # cells next to zero are narrower than 1e-300
            np.divide(edge - low, high - low, where=wide, out=parts)
        below[number] = spread.counts @ np.clip(parts, 0, 1)
    below[-1] += spread.counts[~wide & (low == edges[-1])].sum()
    return np.diff(below) / spread.total()


def _outline(heights: np.ndarray) -> str:
    steps = np.linspace(0, WIDTH, len(heights) + 1)
    points = [(0.0, float(HEIGHT))]
    for left, right, height in zip(steps, steps[1:], heights):
        level = HEIGHT - height * (HEIGHT - 4)
        points += [(left, level), (right, level)]
    points.append((float(WIDTH), float(HEIGHT)))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
