"""How often each category is there: exact while they are few, then the frequent ones."""

from __future__ import annotations

from collections.abc import Iterable

KEPT = 10_000
LONGEST = 128  # characters of a value by which it is known


class Frequencies:
    """Counts of at most 10,000 values, exact until there are more.

    Then the counters of Misra & Gries (1982), merged as by Agarwal et al. (PODS 2012): `error` is by how much a count may be too
    low, at most rows / 10,001.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.error = 0

    def add(self, values: Iterable[str], counts: Iterable[int]) -> None:
        held = self.counts
        for value, count in zip(values, counts):
            held[value] = held.get(value, 0) + count
        self._trim()

    def merge(self, other: Frequencies) -> None:
        self.error += other.error
        self.add(other.counts, other.counts.values())

    def top(self, number: int | None = None) -> list[tuple[str, int]]:
        """The most frequent first; those that are as frequent by name."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:number]

    def _trim(self) -> None:
        if len(self.counts) > KEPT:
            over = sorted(self.counts.values(), reverse=True)[KEPT]
            self.counts = {value: count - over for value, count in self.counts.items() if count > over}
            self.error += over
