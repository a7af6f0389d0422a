"""Sweeps through Hydra's launchers: joblib with two jobs at a time, submitit on this machine. Real jobs, real faults."""

from __future__ import annotations

import importlib.util

import pytest

from tests.conftest import tfrun
from tests.sweep.small import Started, command, events, finished, measured, trials, with_moods

JOBLIB = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "sweep.workers=auto"]

pytestmark = pytest.mark.long
pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs the extra 'launchers'")
pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs the extra 'launchers'")


def kinds(folder) -> list[str]:
    return [kind if content else "nothing more" for kind, content in events(folder)]


def test_faults_in_joblibs_jobs_are_recorded_and_the_others_go_on(tmp_path, module):
    folder = with_moods(tmp_path)
    done = tfrun(folder, *command(module, *JOBLIB, "head=moody", "head.mood=raises,dies_once,fine", "training.epochs=1"))
    assert done.code == 0, done.err
    ended = {trial.values["head.mood"]: trial for trial in trials(folder).values()}
    assert {mood: trial.state for mood, trial in ended.items()} == {"raises": "failed", "dies_once": "done", "fine": "done"}
    assert "this head does not want to" in ended["raises"].error and "own.py" in ended["raises"].traceback
    assert ended["dies_once"].killed == 1 and ended["dies_once"].objectives == ended["fine"].objectives
    assert kinds(folder)[:3] == ["ask", "ask", "ask"], "what does not learn gives all at once"


def test_an_engine_that_learns_gives_a_batch_and_waits_for_it_and_the_trials_are_those_of_the_local_pool(tmp_path, module):
    optuna = ["sweep=optuna", "sweep.trials=3", "optimizer.learning_rate=tag(log,interval(1e-3,1))", "training.epochs=2"]
    for pool in ("local", "joblib"):
        (tmp_path / pool).mkdir()
    # The trials of the first batch are random, whatever they are told of.
    local = tfrun(tmp_path / "local", *command(module, *optuna))
    done = tfrun(tmp_path / "joblib", *command(module, *optuna, *JOBLIB))
    assert local.code == 0 and done.code == 0, done.err
    assert kinds(tmp_path / "joblib") == ["ask", "ask", "tell", "tell", "ask", "nothing more", "tell", "nothing more"]
    assert finished(tmp_path / "joblib") == finished(tmp_path / "local") and len(finished(tmp_path / "joblib")) == 3


def test_a_bad_trial_is_pruned_while_its_batch_goes_on_and_ctrl_c_saves_the_other(tmp_path, module):
    endless = ["training.epochs=100000", "training.batch_size=16", "optimizer.learning_rate=0.01,1e-9"]
    prune = ["sweep.prune.method=median", "sweep.prune.trials=1", "sweep.prune.warmup=20", "sweep.objective=loss"]
    with Started(tmp_path, *command(module, *JOBLIB, *endless, *prune)) as sweep:
        sweep.until(lambda directory: measured(directory, 1) >= 3)
        sweep.until(lambda directory: any(trial.state == "pruned" for trial in trials(tmp_path).values()))
        code, _, err = sweep.interrupt()
    assert code == 1 and "stopped: `python -m tfrun resume sweep` goes on with this sweep" in err
    assert {number: trial.state for number, trial in trials(tmp_path).items()} == {0: "running", 1: "pruned"}
    assert "stopped     at step" in (tmp_path / "sweep/0/log.txt").read_text()


def test_submitits_jobs_survive_a_killed_sweep_which_is_gone_on_with(tmp_path, module):
    submitit = ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=10"]
    trial = ["training.epochs=100", "training.batch_size=16", "optimizer.learning_rate=0.01,0.02"]
    with Started(tmp_path, *command(module, *submitit, *trial)) as sweep:
        sweep.until(lambda directory: measured(directory, 0) >= 1 and measured(directory, 1) >= 1)
        sweep.kill()
        done = tfrun(tmp_path, "resume", "sweep")
    assert done.code == 0, done.err
    assert {number: (trial.state, round(trial.epochs)) for number, trial in trials(tmp_path).items()} == {
        0: ("done", 100), 1: ("done", 100)
    }  # fmt: skip
    assert list((tmp_path / "sweep/.submitit").glob("*/*_log.out"))


def test_what_launches_nothing_ends_the_sweep_with_one_line(tmp_path, module):
    done = tfrun(tmp_path, *command(module, "seed=1,2", "hydra/launcher=submitit_slurm"), PATH="")
    assert done.code == 1 and "hydra/launcher = submitit_slurm: launches nothing (Could not detect" in done.err
    assert "Traceback" not in done.err and {trial.state for trial in trials(tmp_path).values()} == {"running"}


def test_what_cannot_be_launched_is_told_before_the_first_trial(tmp_path, module):
    done = tfrun(tmp_path, *command(module, "seed=1,2", *JOBLIB, "sweep.pool=ray"))
    assert done.code == 2 and "sweep.pool = ray: hydra/launcher=joblib runs trials too" in done.err
    learns = ["sweep=bayesian", "hydra/launcher=submitit_local", "sweep.workers=auto"]
    done = tfrun(tmp_path, *command(module, "seed=1,2", *learns))
    assert done.code == 2 and "sweep.workers = auto: has to be a number: this engine learns from batch to batch" in done.err
    done = tfrun(tmp_path, *command(module, "seed=1,2", "hydra/launcher=joblub"))
    assert done.code == 2 and "hydra/launcher = joblub: no such option; did you mean 'joblib'?" in done.err
    if importlib.util.find_spec("hydra_plugins.hydra_ray_launcher") is None:
        done = tfrun(tmp_path, *command(module, "seed=1,2", "hydra/launcher=ray"))
        assert done.code == 2 and "needs hydra-ray-launcher, not installed here; pip install hydra-ray-launcher" in done.err
