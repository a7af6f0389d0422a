"""Where points come to lie."""

from __future__ import annotations

import math

import pytest

from tfrun.sweep import charts
from tfrun.sweep.charts import Point


def points(*pairs):
    return [Point(number, x, y, "", "done") for number, (x, y) in enumerate(pairs)]


@pytest.mark.parametrize(
    "low, high, log", [(0.1, 0.9, False), (1e-5, 1e-1, True), (3, 3, False), (0, 0, False), (2, 3, True), (-5, 1e9, False)]
)
def test_points_stay_inside_and_ticks_are_round_numbers_between(low, high, log):
    chart = charts.scatter("n", "t", "x", "y", points((low, 1), (high, 2)), log)
    xs = [mark.x for mark in chart.marks] + [tick.at for tick in chart.xs]
    assert all(58 <= x <= charts.WIDTH - 14 for x in xs) and 1 < len(chart.xs) < 12
    assert [tick.at for tick in chart.xs] == sorted({tick.at for tick in chart.xs})
    assert all(len(tick.text) <= 6 for tick in chart.xs)


def test_ten_thousand_points_of_a_curve_are_thinned_and_their_peak_stays():
    curve = [(epoch, math.sin(epoch / 900) + (5 if epoch == 4321 else 0)) for epoch in range(10_000)]
    chart = charts.curves("n", "t", "y", [(0, "", "done", curve), (1, "", "pruned", [])])
    (mark,) = chart.marks
    heights = [float(pair.partition(",")[2]) for pair in mark.path[1:].split("L")]
    assert len(heights) <= 205 and min(heights) == pytest.approx(14 + 0.04 / 1.08 * 246, abs=0.5)


def test_null_booleans_and_words_have_places_of_their_own():
    rows = [(0, "", "done", {"k": None, "o": 1.0}), (1, "", "done", {"k": True, "o": 2.0}), (2, "", "failed", {"k": "word"})]
    drawn = charts.parallel({"k": ("key", False), "o": ("loss", False)}, rows)
    assert [tick.text for tick in drawn.axes[0].ticks] == ["null", "true", "word"]
    assert [mark.trial for mark in drawn.marks] == [0, 1], "one value alone is no line"
