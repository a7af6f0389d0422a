"""Quantiles: exact while values are few, within their bound after that, the same however the values come."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.checks.quantiles import KEPT, Quantiles

SHARES = np.linspace(0, 1, 101)


def of(values, parts=1) -> Quantiles:
    result = Quantiles()
    for part in np.array_split(np.asarray(values, float), parts):
        result.add(part)
    return result


def test_few_values_are_exact():
    values = np.random.default_rng(0).integers(-500, 500, 20_000) / 8
    found = of(values, 7)
    assert found.level == 0 and np.array_equal(found.quantiles(SHARES), np.quantile(values, SHARES))
    assert found.top(1)[0][1] == np.unique(values, return_counts=True)[1].max()


@pytest.mark.parametrize("draw", ["normal", "lognormal", "standard_cauchy"])
def test_many_values_stay_within_the_bound(draw):
    values = getattr(np.random.default_rng(1), draw)(size=200_000)
    found = of(values, 10)
    right = np.quantile(values, SHARES[1:-1], method="nearest")
    assert found.level > 0 and len(found.keys) <= KEPT
    assert np.abs(found.quantiles(SHARES[1:-1]) - right).max() <= np.abs(right).max() * 2.0 ** (found.level - 50)
    errors = np.searchsorted(np.sort(values), found.quantiles(SHARES)) / len(values) - SHARES
    assert np.abs(errors).max() < 0.002


def test_order_and_cuts_change_nothing():
    values = np.random.default_rng(2).normal(1e6, 3, 60_000)
    whole, cut = of(values), of(np.sort(values)[::-1], 13)
    merged = of(values[:10_000])
    merged.merge(of(values[10_000:], 3))
    for other in (cut, merged):
        assert (other.level, other.keys.tolist(), other.counts.tolist()) == (
            whole.level,
            whole.keys.tolist(),
            whole.counts.tolist(),
        )


def test_negative_numbers_and_both_zeros_are_in_order():
    found = of([-0.0, 0.0, -1e-300, 1e300, -1e300, 2.0])
    assert found.values().tolist() == [-1e300, -1e-300, 0.0, 2.0, 1e300] and found.counts.tolist() == [1, 1, 2, 1, 1]


def test_a_histogram_counts_the_last_edge():
    assert of([0, 1, 2, 3, 4]).histogram(np.array([0.0, 2.0, 4.0])).tolist() == [2, 3]
