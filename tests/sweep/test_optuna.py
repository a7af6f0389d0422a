"""Optuna's samplers on a landscape, and its pruners on curves."""

from __future__ import annotations

import pytest

from tests.sweep.engines import SPACE, best, gone_on_with, search
from tfrun import ConfigError, Optuna, Random
from tfrun.sweep import Report
from tfrun.sweep.space import parse


def made(**settings):
    return lambda: Optuna(**{"trials": 24, **settings}).engine(SPACE, (False,), 9.0)


def test_tpe_comes_nearer_to_the_best_than_chance_does():
    found = [search(made(seed=seed)()) for seed in range(3)]
    by_chance = [search(Random(trials=24, seed=seed).engine(SPACE, (False,), 9.0)) for seed in range(3)]
    assert sum(map(best, found)) > sum(map(best, by_chance))


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsgaii", "random", "qmc"])
def test_a_search_that_is_gone_on_with_suggests_the_same(sampler):
    suggested, suggested_again = gone_on_with(made(sampler=sampler), at=31, workers=3, fails=lambda number: number == 5)
    assert suggested and suggested_again == suggested


def test_values_are_of_the_space():
    space = parse(["a=1,2,4", "b=x,[y,z]", "c=int(interval(3,5))", "d=tag(log,interval(1e-3,1))"], {})
    engine = Optuna(trials=30).engine(space, (True,), 1.0)
    for suggestion in iter(engine.ask, None):
        values = suggestion.values
        assert (
            values["a"] in (1, 2, 4)
            and values["b"] in ("x", ["y", "z"])
            and values["c"] in (3, 4, 5)
            and 1e-3 <= values["d"] <= 1
        )
        engine.tell(Report(suggestion.number, "pruned", (values["d"],), 1.0))


def test_several_objectives_find_both_ends():
    space = parse(["x=interval(0,1)"], {})
    engine = Optuna(objective=["accuracy", "seconds"], trials=60, sampler_options={"population_size": 10}).engine(
        space, (False, True), 1.0
    )
    seen = []
    while (suggestion := engine.ask()) is not None:
        x = suggestion.values["x"]
        engine.tell(Report(suggestion.number, "done", (x, x**2)))
        seen.append(x)
    assert min(seen) < 0.1 and max(seen) > 0.9


def test_options_that_optuna_does_not_know_are_told():
    problems = Optuna(sampler_options={"n_starts": 3}, pruner="percentile", pruner_options={"percentile": 200}).problems()
    assert [problem.key for problem in problems] == ["sweep.sampler_options", "sweep.pruner_options"]
    assert Optuna(pruner="median").problems() == []


def test_what_does_not_go_together_is_told():
    (problem,) = Optuna(pruner="median", prune={"method": "median"}).problems()
    assert problem.key == "sweep.pruner"
    with pytest.raises(ConfigError, match="one objective"):
        Optuna(sampler="cmaes", objective=["accuracy", "seconds"]).engine(SPACE, (False, True), 1.0)


def curve(*values):
    return [{"epoch": float(epoch), "validation": {"accuracy": value}} for epoch, value in enumerate(values)]


@pytest.mark.parametrize("pruner", ["median", "percentile", "successive_halving"])
def test_its_pruners_stop_what_is_worse_than_the_others(pruner):
    settings = Optuna(pruner=pruner, prune={"trials": 2, "factor": 2})
    pruning = settings.pruner_of("accuracy", False, 9.0)
    curves = {
        0: curve(0.1, 0.5, *[0.9] * 8),
        1: curve(0.1, 0.6, *[0.8] * 8),
        2: curve(0.1, 0.7, *[0.8] * 8),
        3: curve(0.1, 0.2, 0.2),
    }
    curves[4] = curve(0.1, 0.95, 0.95)
    states = {0: "done", 1: "done", 2: "done", 3: "running", 4: "running"}
    assert "Optuna stops it after 2 epochs" in pruning.why(3, curves, states)
    assert pruning.why(4, curves, states) == ""
