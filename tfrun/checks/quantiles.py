"""How the numbers of a column are spread: counts of neighbouring values, from which every quantile and histogram comes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KEPT = 16_384
_FEW = 512
_SIGN = np.int64(0x7FFFFFFFFFFFFFFF)


class Quantiles:
    """Counts of buckets of finite float64 values, at most 16,384 of them.

    A bucket holds the values that agree in all but their last `level` bits. While `level` is 0 every value has a bucket of its own
    and all figures are exact. Where there are too many buckets, all are joined in pairs (`level` grows by one): the uniform
    collapse of UDDSketch (Epicoco et al., 2020) on the buckets of DDSketch (Masson, Rim & Lee, VLDB 2019), here of the binary
    exponent. A quantile is then wrong by at most 2^(level−52) of its own size. The level is the least one that fits, so that
    neither order nor cuts of the stream can change the result.
    """

    def __init__(self) -> None:
        self.level = 0
        self.keys = np.empty(0, np.int64)
        self.counts = np.empty(0, np.int64)

    def add(self, values: np.ndarray, counts: np.ndarray | None = None) -> None:
        """values: float64 [n], finite. counts: int64 [n], how often each is there; None: once."""
        keys = keys_of(values) >> self.level
        if counts is None:
            keys, counts = _counted(keys, few=0 < len(self.keys) < _FEW)
        self._put(keys, counts)

    def merge(self, other: Quantiles) -> None:
        if other.level > self.level:
            self._coarsen(other.level)
        self._put(other.keys >> (self.level - other.level), other.counts)

    def values(self) -> np.ndarray:
        """float64 [buckets], rising: the middle of each bucket."""
        half = (np.int64(1) << self.level) >> 1
        return values_of((self.keys << self.level) + half)

    def total(self) -> int:
        return int(self.counts.sum())

    def quantiles(self, shares: np.ndarray) -> np.ndarray:
        """shares: float64 [n] in [0, 1]. Between two values as numpy's `linear` method has it. There has to be a value."""
        ends = np.cumsum(self.counts)
        places = np.asarray(shares) * (ends[-1] - 1)
        values = self.values()
        low, high = (values[np.searchsorted(ends, rounded(places), side="right")] for rounded in (np.floor, np.ceil))
        return low + (high - low) * (places - np.floor(places))

    def histogram(self, edges: np.ndarray) -> np.ndarray:
        """Counts between rising `edges`, the last of which is inclusive: int64 [len(edges) - 1]."""
        slots = np.searchsorted(edges, self.values(), side="right") - 1
        return np.bincount(np.clip(slots, 0, len(edges) - 2), self.counts, len(edges) - 1).astype(np.int64)

    def top(self, number: int) -> list[tuple[float, int]]:
        """The most frequent values with their counts."""
        order = np.argsort(-self.counts, kind="stable")[:number]
        return list(zip(self.values()[order].tolist(), self.counts[order].tolist()))

    def coarser(self, most: int) -> Quantiles:
        """A copy with at most `most` buckets."""
        copy = Quantiles()
        copy.level, copy.keys, copy.counts = self.level, self.keys, self.counts
        while len(copy.keys) > most:
            copy._coarsen(copy.level + 1)
        return copy

    def _put(self, keys: np.ndarray, counts: np.ndarray) -> None:
        """`keys` may repeat, and be in any order."""
        keys, counts = np.concatenate([self.keys, keys]), np.concatenate([self.counts, counts])
        order = np.argsort(keys, kind="stable")  # fast where both parts are sorted
        self.keys, self.counts = _joined(keys[order], counts[order])
        while len(self.keys) > KEPT:
            self._coarsen(self.level + 1)

    def _coarsen(self, level: int) -> None:
        self.keys, self.counts = _joined(self.keys >> (level - self.level), self.counts)
        self.level = level


def even(low: float, high: float, bins: int) -> np.ndarray:
    """float64 [bins + 1]; halved and doubled, as the range itself may be beyond the largest number."""
    edges = np.linspace(low / 2, high / 2, bins + 1) * 2
    edges[[0, -1]] = low, high
    return edges


def keys_of(values: np.ndarray) -> np.ndarray:
    """int64 in the order of the float64 `values`."""
    bits = (values + 0.0).view(np.int64)  # -0.0 and 0.0 are one value
    return bits ^ ((bits >> 63) & _SIGN)


def values_of(keys: np.ndarray) -> np.ndarray:
    """float64 of what `keys_of` gives."""
    return (keys ^ ((keys >> 63) & _SIGN)).view(np.float64)


def _counted(keys: np.ndarray, few: bool) -> tuple[np.ndarray, np.ndarray]:
    """Hashing is faster than sorting where there are few different ones."""
    if not few:
        return np.unique(keys, return_counts=True)
    found = pc.value_counts(pa.array(keys))
    return found.field(0).to_numpy(), found.field(1).to_numpy()


def _joined(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """keys: sorted, may repeat."""
    if not len(keys):
        return keys, counts
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)
