"""Numbers of columns against pandas on real data, and with NaN and infinities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfrun.checks import Roles
from tfrun.checks.gather import accumulate
from tfrun.checks.numbers import Numbers
from tfrun.checks.statistics import statistics


def test_flights_are_what_pandas_says(flights):
    frame = flights.to_pandas()
    found = accumulate(iter(flights.to_batches(max_chunksize=700)), Roles("late"), 100)
    for name in frame.select_dtypes("number"):
        numbers, values = found.columns[name].numbers, frame[name].dropna()
        assert numbers.count == len(values) == found.columns[name].present
        assert numbers.mean == pytest.approx(values.mean(), rel=1e-12)
        assert numbers.deviation == pytest.approx(values.std(ddof=0), rel=1e-9)
        assert (numbers.low, numbers.high, numbers.quantile(0.5)) == (values.min(), values.max(), values.median())
        assert numbers.zeros == (values == 0).sum() and len(numbers.spread.keys) == values.nunique()


def test_histograms_are_those_of_numpy(flights):
    found = statistics({"train": accumulate(iter(flights.to_batches()), Roles("late"), 100)})
    for feature in found.datasets[0].features:
        for histogram in feature.num_stats.histograms[:1]:
            counts, edges = np.histogram(flights[feature.path.step[0]].drop_null().to_numpy(), bins=10)
            assert [bucket.sample_count for bucket in histogram.buckets] == counts.tolist()
            assert [bucket.low_value for bucket in histogram.buckets] == pytest.approx(edges[:-1].tolist())


def test_nan_and_infinities_are_counted_and_left_out_of_the_mean():
    numbers = Numbers()
    numbers.add(np.array([1.0, math.nan, math.inf, 3.0, -math.inf]))
    numbers.add(np.array([math.nan]))
    assert (numbers.count, numbers.nan, numbers.infinite, numbers.mean) == (2, 2, 2, 2.0)
    assert (numbers.low, numbers.high, numbers.finite_range()) == (-math.inf, math.inf, (1.0, 3.0))


def test_a_small_spread_far_from_zero_is_kept():
    values = 1e9 + np.random.default_rng(0).normal(0, 1e-2, 10_000)
    numbers = Numbers()
    for part in np.array_split(values, 9):
        numbers.add(part)
    assert numbers.deviation == pytest.approx(values.std(), rel=1e-6)


def test_counts_stand_for_repeated_values():
    repeated, counted = Numbers(), Numbers()
    repeated.add(np.array([2.0, 2.0, 2.0, 0.0]))
    counted.add(np.array([2.0, 0.0]), np.array([3, 1]))
    assert vars(repeated) | {"spread": 0} == vars(counted) | {"spread": 0}
    assert repeated.quantile(0.5) == counted.quantile(0.5) == 2.0
