"""What no other one beats, in two figures and in three."""

from __future__ import annotations

from tfrun.sweep.pareto import pareto


def test_the_pareto_set_keeps_equals_and_drops_the_beaten():
    assert pareto([(1, 5), (2, 7), (3, 6), (1, 5), (2, 4)], (True, False)) == [0, 1, 3]
    assert pareto([(1, 5), (2, 7)], (True, True)) == [0] and pareto([], (True, True)) == []


def test_of_three_figures_one_that_is_best_is_enough_to_stay():
    points = [(0.9, 10, 3), (0.9, 12, 3), (0.8, 9, 5), (0.7, 20, 1), (0.7, 20, 2)]
    assert pareto(points, (False, True, True)) == [0, 2, 3]
