"""Trials that are stopped early, end to end: by our rules, by Optuna's pruners, and by rungs that go on from checkpoints."""

from __future__ import annotations

import json

import pytest

from tests.conftest import tfrun
from tests.sweep.small import Started, command, events, measured, trials
from tfrun.sweep import Prune
from tfrun.sweep.pruner import Pruner

# The first two learn nothing; they are not at work beside the others, so that what is pruned does not hang on the machine.
RATES = ["optimizer.learning_rate=choice(0.3,0.2,1e-9,2e-9)", "sweep=grid", "sweep.workers=1", "training.epochs=200"]
MEDIAN = ["sweep.prune.method=median", "sweep.prune.trials=2", "sweep.prune.warmup=2", "sweep.objective=loss"]


def test_trials_that_are_worse_than_the_median_are_stopped_and_keep_what_they_have(tmp_path, module):
    done = tfrun(tmp_path, *command(module, *RATES, *MEDIAN))
    assert done.code == 0, done.err
    ended = trials(tmp_path)
    assert [trial.state for trial in ended.values()] == ["done", "done", "pruned", "pruned"]
    for trial in (ended[2], ended[3]):
        assert 2 <= trial.epochs < 200 and "is worse than the median" in trial.error and trial.objectives
        assert json.loads((tmp_path / f"sweep/{trial.number}/result.json").read_text())["status"] == "interrupted"
    again = tfrun(tmp_path, "resume", "sweep")
    assert again.code == 0 and [trial.state for trial in trials(tmp_path).values()] == ["done", "done", "pruned", "pruned"]
    assert "2 done, 2 pruned" in again.out and [kind for kind, _ in events(tmp_path)].count("tell") == 4


def curve(epochs: int, *losses: float) -> list[dict]:
    """The losses, the last of them up to that epoch."""
    values = [*losses, *[losses[-1]] * (epochs - len(losses))]
    return [{"epoch": epoch, "validation": {"loss": value}} for epoch, value in enumerate(values, 1)]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (curve(4, 1.0, 0.5), "loss 2 after 9 epochs is worse than the median 0.5 of 1 others"),  # behind, and better already
        (curve(4, 3.0, 2.5), ""),  # behind, and not better yet
        (curve(1, 0.5), ""),  # it has hardly begun
        (curve(12, *[3.0] * 9, 0.5), ""),  # ahead: what counts is what it had at the same epoch
    ],
)
def test_a_bad_trial_that_is_ahead_of_a_good_one_is_stopped(other, says):
    """As long as both run it stays ahead: at the same epoch they will never meet."""
    pruner = Pruner(Prune(method="median", trials=1, warmup=3), "loss", True, 100)
    curves, states = {0: curve(9, 2.0), 1: other}, {0: "running", 1: "running"}
    assert pruner.why(0, curves, states) == says


@pytest.mark.long
def test_a_trial_that_was_killed_while_it_was_to_stop_is_pruned_when_the_sweep_goes_on(tmp_path, module):
    optuna = ["sweep=optuna", "sweep.sampler=random", "sweep.trials=4", "sweep.pruner=median", *MEDIAN[1:]]
    space = ["optimizer.learning_rate=tag(log,interval(1e-9,1))", "sweep.workers=1", "training.epochs=40", "sweep.seed=1"]
    with Started(tmp_path, *command(module, *optuna, *space)) as sweep:
        sweep.until(lambda directory: measured(directory, 2) >= 2)
        sweep.kill()
        done = tfrun(tmp_path, "resume", "sweep")
    assert done.code == 0, done.err
    ended = trials(tmp_path)
    assert sorted(ended) == [0, 1, 2, 3] and {trial.state for trial in ended.values()} <= {"done", "pruned"}
    assert any("MedianPruner of Optuna stops it" in trial.error for trial in ended.values() if trial.state == "pruned")


def test_hyperband_goes_on_from_the_checkpoint_of_the_lower_rung(tmp_path, module):
    space = ["sweep=hyperband", "optimizer.learning_rate=tag(log,interval(1e-3,1))", "training.epochs=3", "sweep.workers=1"]
    with Started(tmp_path, *command(module, *space, "sweep.objective=loss")) as sweep:
        sweep.until(lambda directory: measured(directory, 2) >= 1)
        sweep.kill()
        done = tfrun(tmp_path, "resume", "sweep")
    assert done.code == 0, done.err
    ended = trials(tmp_path)
    assert [trial.state for trial in ended.values()].count("paused") == 2
    promoted = [trial for number, trial in ended.items() if number < 3 and trial.state == "done"]
    assert len(promoted) == 1 and promoted[0].epochs == pytest.approx(3, abs=0.1)
    log = (tmp_path / f"sweep/{promoted[0].number}/log.txt").read_text()
    assert "resumed     at step" in log
    epochs = [json.loads(row)["epoch"] for row in (tmp_path / f"sweep/{promoted[0].number}/metrics.jsonl").open()]
    assert epochs == pytest.approx([0, 1, 2, 3], abs=0.1), "no epoch is trained twice"
    asked = [content for kind, content in events(tmp_path) if kind == "ask" and content]
    assert [content["until"] for content in asked if content["number"] == promoted[0].number] == [1.0, None]
