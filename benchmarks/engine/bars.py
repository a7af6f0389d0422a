"""What must be reached, and whether it was: ratios within rounds, of which the median counts."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

Rounds = dict[str, list[dict[str, float]]]  # by way


@dataclass(frozen=True)
class Faster:
    """`ours` takes at most a share 1 / `times` of what the fastest of `peers` takes."""

    ours: str
    peers: tuple[str, ...]
    times: float
    key: str

    def row(self, found: Rounds) -> list[str]:
        peer = min(self.peers, key=lambda way: statistics.median(_column(found, way, self.key)))
        mine, other = _column(found, self.ours, self.key), _column(found, peer, self.key)
        reached = statistics.median(theirs / own for own, theirs in zip(mine, other, strict=True))
        fastest = min(other) / min(mine)
        return [
            f"{self.ours}: as fast as {peer}",
            f"≥ {self.times:g} ×",
            f"{reached:.2f} ×",
            f"{fastest:.2f} ×",
            _says(reached >= self.times),
        ]


@dataclass(frozen=True)
class AtMost:
    """`ours` takes at most `times` what the least of `peers` takes, of time or memory."""

    ours: str
    peers: tuple[str, ...]
    times: float
    key: str
    what: str

    def row(self, found: Rounds) -> list[str]:
        peer = min(self.peers, key=lambda way: statistics.median(_column(found, way, self.key)))
        mine, other = _column(found, self.ours, self.key), _column(found, peer, self.key)
        reached = statistics.median(own / theirs for own, theirs in zip(mine, other, strict=True))
        least = min(mine) / min(other)
        return [
            f"{self.ours}: {self.what} of {peer}",
            f"≤ {self.times:g} ×",
            f"{reached:.2f} ×",
            f"{least:.2f} ×",
            _says(reached <= self.times),
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
