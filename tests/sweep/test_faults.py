"""Trials that raise, hang, eat memory, have no finite objective or are killed: recorded, and the others go on."""

from __future__ import annotations

from tests.conftest import tfrun
from tests.sweep.small import command, trials, with_moods


def test_each_fault_is_recorded_and_the_others_go_on(tmp_path, module):
    folder = with_moods(tmp_path)
    moods = "head.mood=raises,eats,undefined,dies,dies_once,fine"
    done = tfrun(
        folder, *command(module, "head=moody", moods, "training.epochs=1", "sweep.objective=loss", "sweep.memory_limit=2.5")
    )
    assert done.code == 0, done.err
    ended = {trial.values["head.mood"]: trial for trial in trials(folder).values()}
    states = {mood: trial.state for mood, trial in ended.items()}
    assert states == {**dict.fromkeys(("raises", "eats", "undefined", "dies"), "failed"), "dies_once": "done", "fine": "done"}
    assert "this head does not want to" in ended["raises"].error and "own.py" in ended["raises"].traceback
    assert "more than 2.50 GB, and was stopped" in ended["eats"].error
    assert ended["undefined"].error == "has no finite loss"
    assert "was killed by signal 9" in ended["dies"].error and ended["dies"].killed == 1
    assert ended["dies_once"].objectives == ended["fine"].objectives and ended["dies_once"].error == ""
    assert "failed   head.mood=raises: run: ValueError: this head does not want to" in done.out
    assert "again    work was killed by signal 9: it goes on from its checkpoint" in done.out


def test_what_hangs_is_ended_and_too_many_failures_end_the_sweep(tmp_path, module):
    folder = with_moods(tmp_path)
    limits = ["sweep.time_limit=4", "sweep.max_failures=1", "sweep.retries=0"]
    done = tfrun(folder, *command(module, "head=moody", "head.mood=hangs", "seed=1,2,3", *limits))
    assert done.code == 1
    assert "sweep.max_failures = 1: 2 trials have failed, more than 1: the last with: took longer than 4 s" in done.err
    assert [trial.state for trial in trials(folder).values()].count("failed") == 2


def test_what_is_wrong_with_a_space_is_told_all_at_once_before_the_first_trial(tmp_path, module):
    wrong = ["optimizer.learning_rate=interval(1,0.1)", "head.units=tag(log,interval(0,8))"]
    done = tfrun(tmp_path, *command(module, *wrong))
    assert done.code == 2 and "is an empty interval" in done.err and "begins above 0" in done.err
    wrong = ["head.unitz=1,2", "optimizer.learning_rat=interval(0,1)", "head.dropout=0.1,7"]
    done = tfrun(tmp_path, *command(module, *wrong))
    assert done.code == 2 and all(key in done.err for key in ("head.unitz", "optimizer.learning_rat", "head.dropout = 7"))
    done = tfrun(tmp_path, *command(module, "sweep=hyperband", "sweep.prune.method=median", "sweep.objective=acuracy"))
    assert done.code == 2 and "nothing is searched" in done.err and "sweep.objective = acuracy" in done.err
    assert "sweep.prune.method" in done.err
    done = tfrun(tmp_path, *command(module, "sweep=grid", "head.dropout=interval(0,0.5)"))
    assert done.code == 2 and "an interval has no end of values" in done.err
    assert not (tmp_path / "sweep").exists()
