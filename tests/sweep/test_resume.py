"""Sweeps that are killed, interrupted, started twice, or gone on with as another one. Real processes, real signals."""

from __future__ import annotations

import json

import pytest

from tests.conftest import tfrun
from tests.sweep.small import Started, command, events, finished, measured, trials

SPACE = ["sweep=random", "sweep.trials=3", "optimizer.learning_rate=tag(log,interval(1e-3,1))", "head.dropout=interval(0,0.5)"]
LONG = ["training.epochs=60", "training.batch_size=16"]


@pytest.fixture(scope="module")
def undisturbed(module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = tfrun(folder, *command(module, *SPACE, *LONG))
    assert done.code == 0, done.err
    return folder


def test_a_killed_sweep_ends_as_if_nothing_had_happened(tmp_path, module, undisturbed):
    with Started(tmp_path, *command(module, *SPACE, *LONG)) as first:
        first.until(lambda directory: measured(directory, 1) >= 5)
        first.kill()
        with Started(tmp_path, *command(module, *SPACE, *LONG), "sweep.resume=sweep") as second:
            second.until(lambda directory: measured(directory, 2) >= 5)
            second.kill()
            before = {number for number, trial in trials(tmp_path).items() if trial.state == "done"}
            written = {number: (tmp_path / f"sweep/{number}/metrics.jsonl").stat().st_mtime_ns for number in before}
            done = tfrun(tmp_path, "resume", "sweep")
    assert done.code == 0, done.err
    assert finished(tmp_path) == finished(undisturbed) and len(finished(tmp_path)) == 3
    assert all((tmp_path / f"sweep/{number}/metrics.jsonl").stat().st_mtime_ns == at for number, at in written.items())
    assert [kind for kind, _ in events(tmp_path)].count("tell") == 3


def test_a_sweep_that_is_gone_on_with_as_another_one_is_refused_with_the_difference(undisturbed, module):
    changed = [*SPACE[:2], "optimizer.learning_rate=tag(log,interval(1e-3,2))", "seed=1,2", "head.l2=0.1", *LONG]
    done = tfrun(undisturbed, *command(module, *changed, "sweep.resume=sweep"))
    assert done.code == 2
    rate = "optimizer.learning_rate = tag(log,interval(0.001,2)): was searched in tag(log,interval(0.001,1))"
    assert rate in done.err and "head.dropout: was searched in interval(0,0.5)" in done.err
    assert "seed = choice(1,2): was not searched" in done.err and "head.l2 = 0.1: was 0.0" in done.err
    assert len(trials(undisturbed)) == 3
    refused = tfrun(undisturbed, "resume", "sweep", "sweep.trials=9")
    assert refused.code == 2 and "sweep.trials: cannot be changed in a sweep that has begun" in refused.err


def test_ctrl_c_saves_the_trials_and_says_how_to_go_on(tmp_path, module):
    endless = ["seed=1,2,3", "training.epochs=100000", "training.batch_size=16"]
    with Started(tmp_path, *command(module, *endless)) as sweep:
        sweep.until(lambda directory: measured(directory, 0) >= 3 and measured(directory, 1) >= 3)
        second = tfrun(tmp_path, *command(module, *endless))
        assert second.code == 1 and "another process is at work on this" in second.err
        code, _, err = sweep.interrupt()
    assert code == 1 and "stopped: `python -m tfrun resume sweep` goes on with this sweep" in err
    assert {number: trial.state for number, trial in trials(tmp_path).items()} == {0: "running", 1: "running"}
    for number in range(2):
        assert json.loads((tmp_path / f"sweep/{number}/result.json").read_text())["status"] == "interrupted"
        assert "stopped     at step" in (tmp_path / f"sweep/{number}/log.txt").read_text()


def test_what_is_no_sweep_is_told(tmp_path, module):
    (tmp_path / "empty").mkdir()
    done = tfrun(tmp_path, *command(module, "seed=1,2", "sweep.resume=empty"))
    assert done.code == 1 and "sweep.resume = empty: holds no sweep" in done.err
    done = tfrun(tmp_path, *command(module, "seed=1,2", "sweep.resume=nowhere"))
    assert done.code == 2 and "sweep.resume = nowhere: is no directory" in done.err
