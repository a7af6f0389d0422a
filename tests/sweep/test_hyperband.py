"""Rungs on a landscape: who goes up, from where, and the same again."""

from __future__ import annotations

from tests.sweep.engines import SPACE, asked, gone_on_with, landscape, search
from tfrun import Hyperband


def made(**settings):
    return Hyperband(**settings).engine(SPACE, (False,), 9.0)


def test_the_first_bracket_halves_and_the_best_go_on_under_their_number():
    suggestions = asked(search(made(), workers=1))
    first = suggestions[:9]
    assert [one.number for one in first] == list(range(9)) and {one.until for one in first} == {1.0}
    by_score = sorted(first, key=lambda one: -landscape(one.values))
    promoted = [one for one in suggestions[9:] if one.number < 9 and one.until == 3.0]
    assert {one.number for one in promoted} == {one.number for one in by_score[:3]}
    assert all(one.values == first[one.number].values for one in promoted)
    to_the_end = [one for one in suggestions if one.number < 9 and one.until is None]
    assert [one.number for one in to_the_end] == [by_score[0].number]


def test_it_trains_the_best_for_less_than_a_search_that_trains_all():
    events = search(made())
    ended = {report.number: report for kind, report in events if kind == "tell"}
    assert sum(report.epochs for report in ended.values()) < 9.0 * len(ended) / 2
    assert max(ended.values(), key=lambda report: report.objectives[0]).state == "done"


def test_a_search_that_is_gone_on_with_suggests_the_same_with_failures_and_idle_asks():
    for at in (5, 21, 33):
        suggested, suggested_again = gone_on_with(made, at=at, workers=4, fails=lambda number: number % 4 == 1)
        assert suggested and suggested_again == suggested


def test_failed_trials_do_not_keep_the_others_from_going_on():
    suggestions = asked(search(made(), fails=lambda number: number < 6))
    assert {one.number for one in suggestions if one.until == 3.0 and one.number < 9} <= {6, 7, 8}
    assert sum(one.until is None and one.number < 9 for one in suggestions) == 1


def test_no_more_trials_are_begun_than_are_asked_for():
    suggestions = asked(search(made(trials=10)))
    assert {one.number for one in suggestions} == set(range(10))


def test_it_has_rungs_of_its_own():
    assert "sweep.prune.method" in str(Hyperband(prune={"method": "median"}).problems()[0])
