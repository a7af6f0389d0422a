"""A coarse copy of `Quantiles` that fits into a statistics proto, from which divergence is found without guessing.

The histograms of TFDV have other edges in every data set. Comparing two of them takes their values for evenly spread between
edges, and finds divergence that is not there where values repeat. Buckets of `Quantiles` have the same edges everywhere.
"""

from __future__ import annotations

import math

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks.quantiles import Quantiles, keys_of, values_of

NAME = "cells"  # of the custom statistic
_CELLS, _BINS = 256, 10
CHI_SQUARE = 44.8  # of 9 degrees of freedom: what one sample in a million is above


def write(spread: Quantiles, histogram: pb.Histogram) -> None:
    """Buckets from the first to the last value that they can hold; one value: both are it."""
    cells = spread.coarser(_CELLS)
    first = cells.keys << cells.level
    last = first + ((1 << cells.level) - 1)
    for low, high, count in zip(values_of(first).tolist(), values_of(last).tolist(), cells.counts.tolist()):
        histogram.buckets.add(low_value=low, high_value=high, sample_count=count)


def read(histogram: pb.Histogram) -> Quantiles:
    cells = Quantiles()
    first, last = (
        keys_of(np.array([getattr(bucket, side) for bucket in histogram.buckets])) for side in ("low_value", "high_value")
    )
    if len(first):
        cells.level = int(last[0] - first[0] + 1).bit_length() - 1
        cells.keys = first >> cells.level
        cells.counts = np.array([round(bucket.sample_count) for bucket in histogram.buckets])
    return cells


def divergence(one: Quantiles, other: Quantiles) -> float:
    """Jensen–Shannon divergence in bits over at most ten bins that hold as much of both together; NaN where one is empty."""
    if not one.total() or not other.total():
        return math.nan
    level = max(one.level, other.level)
    keys = np.concatenate([cells.keys >> (level - cells.level) for cells in (one, other)])
    cells, places = np.unique(keys, return_inverse=True)
    split = len(one.keys)
    masses = np.array([
        np.bincount(places[part], found.counts, len(cells)) / found.total()
        for part, found in ((slice(split), one), (slice(split, None), other))
    ])  # fmt: skip
    both = masses.sum(axis=0)
    bins = np.minimum((np.cumsum(both) - both / 2) / both.sum() * _BINS, _BINS - 1).astype(int)
    return jensen_shannon(np.array([np.bincount(bins, mass, _BINS) for mass in masses]))


def jensen_shannon(masses: np.ndarray) -> float:
    """masses: float64 [2, buckets]. Divergence in bits, 0 … 1 (Lin, IEEE Trans. Inf. Theory 37, 1991); NaN where one is empty."""
    if not masses.any(axis=1).all():
        return math.nan
    shares = masses / masses.sum(axis=1, keepdims=True)
    middle = np.broadcast_to(shares.mean(axis=0), shares.shape)
    there = shares > 0
    return float(min((shares[there] * np.log2(shares[there] / middle[there])).sum() / 2, 1.0))


def by_chance(one: int, other: int) -> float:
    """What divergence samples of `one` and `other` values of one distribution stay below, all but one in a million.

    8 ln 2 · JSD / (1/n + 1/m) is near a chi-square (Grosse et al., Phys. Rev. E 65, 041905, 2002).
    """
    return CHI_SQUARE / (8 * math.log(2)) * (1 / max(one, 1) + 1 / max(other, 1))
