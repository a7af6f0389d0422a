"""Distances between distributions, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks import cells
from tfrun.checks.drift import l_infinity, of_histograms
from tfrun.checks.quantiles import Quantiles

DRAW = np.random.default_rng(0)


def histogram(*buckets, nan=0):
    found = pb.Histogram(num_nan=nan)
    for low, high, count in buckets:
        found.buckets.add(low_value=low, high_value=high, sample_count=count)
    return found


def spread(values):
    found = Quantiles()
    found.add(np.asarray(values, float))
    return found


def test_l_infinity_is_the_largest_difference_of_a_share_and_names_it():
    assert l_infinity({"a": 60, "b": 40}, {"a": 3, "c": 7}) == (pytest.approx(0.7), "c")
    assert l_infinity({}, {}) == (0.0, "")


def test_divergence_of_histograms_with_the_same_edges_is_that_of_their_shares():
    one, other = histogram((0, 1, 30), (1, 2, 70)), histogram((0, 1, 5), (1, 2, 5))
    assert of_histograms(one, other) == pytest.approx(jensenshannon([0.3, 0.7], [0.5, 0.5], 2) ** 2)


def test_buckets_are_cut_at_the_edges_of_both():
    assert of_histograms(histogram((0, 4, 8)), histogram((0, 1, 1), (1, 4, 3))) == pytest.approx(0.0)
    assert of_histograms(histogram((0, 2, 2)), histogram((1, 3, 2))) == pytest.approx(0.5)
    assert of_histograms(histogram((0, 1, 2)), histogram((5, 6, 1))) == 1.0


def test_points_infinities_and_nan_are_places_of_their_own():
    assert of_histograms(histogram((0, 0, 5), (0, 1, 5)), histogram((0, 0, 1), (0, 1, 1))) == pytest.approx(0.0)
    assert of_histograms(histogram((0, 0, 5)), histogram((0, 1, 5))) == 1.0
    assert of_histograms(histogram((0, 1, 1), (1, math.inf, 1)), histogram((0, 1, 1))) == pytest.approx(
        jensenshannon([0.5, 0.5], [1, 0], 2) ** 2
    )
    assert of_histograms(histogram((0, 1, 1), nan=1), histogram((0, 1, 1), nan=1)) == pytest.approx(0.5)
    assert math.isnan(of_histograms(histogram(), histogram((0, 1, 1))))


def test_samples_of_one_distribution_stay_below_what_chance_gives():
    for draw in (
        DRAW.normal,
        DRAW.standard_cauchy,
        lambda size: DRAW.poisson(2.0, size),
        lambda size: DRAW.exponential(size=size) ** 4,
    ):
        for rows in (50, 500, 5000):
            assert cells.divergence(spread(draw(size=rows)), spread(draw(size=2 * rows))) < cells.by_chance(rows, 2 * rows)


def test_divergence_grows_with_the_distance():
    base = DRAW.normal(size=20_000)
    found = [cells.divergence(spread(base), spread(base + shift)) for shift in (0, 0.5, 1, 2, 50)]
    assert found[0] == 0 and found == sorted(found) and 0.1 < found[2] < 0.3 and found[4] == pytest.approx(1.0)


def test_cells_come_back_from_a_proto_as_they_were():
    for values in (DRAW.normal(1000, 1, 50_000), [-1.0, 0.0, 2.5], []):
        proto = pb.Histogram()
        cells.write(spread(values), proto)
        back = cells.read(proto)
        assert len(proto.buckets) <= 256 and back.total() == len(values)
        assert math.isnan(found := cells.divergence(back, spread(values))) or found == 0
