"""Counts of categories and of different values: exact while few, within their bounds after that."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tfrun.checks.distinct import Distinct
from tfrun.checks.frequencies import KEPT, Frequencies
from tfrun.checks.hashing import hashed


def test_few_values_are_counted_exactly():
    found = Frequencies()
    found.add(["b", "a"], [2, 2])
    found.add(["a", "c"], [1, 1])
    assert found.top() == [("a", 3), ("b", 2), ("c", 1)] and found.error == 0


def test_the_frequent_ones_of_many_stay_with_their_counts_within_the_bound():
    draw = np.random.default_rng(0)
    rows = [f"v{int(number)}" for number in draw.zipf(1.3, 300_000)]
    found, right = Frequencies(), Counter(rows)
    for part in range(0, len(rows), 50_000):
        counts = Counter(rows[part : part + 50_000])
        found.add(counts, counts.values())
    assert len(found.counts) <= KEPT and found.error <= len(rows) / (KEPT + 1)
    for value, count in right.most_common(20):
        assert count - found.error <= found.counts[value] <= count


def test_different_values_are_exact_then_estimated_in_any_order():
    values = [f"row {number}" for number in range(100_000)]
    few, many, merged = Distinct(), Distinct(), Distinct()
    few.add(hashed(values[:4000] * 2))
    many.add(hashed(values))
    other = Distinct()
    other.add(hashed(values[60_000:]))
    merged.add(hashed(values[:70_000]))
    merged.merge(other)
    assert int(few) == 4000 and int(merged) == int(many) and abs(int(many) / 100_000 - 1) < 0.05
