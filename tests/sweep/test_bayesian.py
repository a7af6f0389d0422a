"""Gaussian processes on a landscape: better than chance, and the same again."""

from __future__ import annotations

import pytest

from tests.sweep.engines import SPACE, again, asked, best, gone_on_with, search
from tfrun import Bayesian, ConfigError, Random
from tfrun.sweep import Report
from tfrun.sweep.space import parse


def made(**settings):
    return Bayesian(**{"trials": 14, "initial": 6, **settings}).engine(SPACE, (False,), 9.0)


def test_it_comes_nearer_to_the_best_than_chance_does():
    guessed = [search(made(seed=seed)) for seed in range(3)]
    assert [len(asked(events)) for events in guessed] == [14, 14, 14]
    by_chance = [search(Random(trials=14, seed=seed).engine(SPACE, (False,), 9.0)) for seed in range(3)]
    assert sum(map(best, guessed)) > sum(map(best, by_chance))


def test_a_search_that_is_gone_on_with_suggests_the_same():
    suggested, suggested_again = gone_on_with(made, at=20, fails=lambda number: number == 3)
    assert suggested and suggested_again == suggested


def test_going_through_it_again_takes_what_was_suggested_as_it_was():
    events = search(made())
    second = made()
    again(second, events)
    assert second.ask() is None


def test_a_small_space_is_searched_once():
    space = parse(["head=linear,mlp", "seed=1,2"], {})
    engine = Bayesian(trials=None, initial=1).engine(space, (True,), 1.0)
    tried = []
    while (suggestion := engine.ask()) is not None:
        tried.append(tuple(suggestion.values.values()))
        engine.tell(Report(suggestion.number, "done", (float(suggestion.values["seed"]),)))
    assert sorted(tried) == [("linear", 1), ("linear", 2), ("mlp", 1), ("mlp", 2)]


def test_several_objectives_are_refused():
    with pytest.raises(ConfigError, match="sweep=optuna"):
        Bayesian().engine(SPACE, (False, True), 1.0)
