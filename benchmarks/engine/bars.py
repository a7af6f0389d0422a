"""What must be reached, and whether it was: ratios within rounds, of which the median counts."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

Rounds = dict[str, list[dict[str, float]]]  # by way


@dataclass(frozen=True)
class Ratio:
    """Of the best of `peers` to `ours` (speed), or, where it says what is taken, of `ours` to the least of `peers`.

    limit: that the ratio has to reach, or must not go beyond.
    """

    ours: str
    peers: tuple[str, ...]
    limit: float
    key: str
    takes: str = ""

    def row(self, found: Rounds) -> list[str]:
        peer = min(self.peers, key=lambda way: statistics.median(_column(found, way, self.key)))
        mine, other = _column(found, self.ours, self.key), _column(found, peer, self.key)
        above, below = (mine, other) if self.takes else (other, mine)
        reached = statistics.median(one / two for one, two in zip(above, below, strict=True))
        return [
            f"{self.ours}: {f'{self.takes} of' if self.takes else 'as fast as'} {peer}",
            f"{'≤' if self.takes else '≥'} {self.limit:g} ×",
            f"{reached:.2f} ×",
            f"{min(above) / min(below):.2f} ×",
            _says(reached <= self.limit if self.takes else reached >= self.limit),
        ]


@dataclass(frozen=True)
class Share:
    """A share of the training time."""

    way: str
    limit: float

    def row(self, found: Rounds) -> list[str]:
        shares = _column(found, self.way, "share")
        reached = statistics.median(shares)
        return [
            f"{self.way}: time for a checkpoint every 100 steps", f"≤ {self.limit:.0%}", f"{reached:.1%}", f"{min(shares):.1%}",
            _says(reached <= self.limit),
        ]  # fmt: skip


def _column(found: Rounds, way: str, key: str) -> list[float]:
    return [figures[key] for figures in found[way]]


def _says(reached: bool) -> str:
    return "yes" if reached else "**no**"
