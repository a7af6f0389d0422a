"""Sweeps on a Ray cluster of this machine: two real workers, real faults, real kills."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest

from tests.conftest import tfrun
from tests.sweep.small import Started, command, finished, measured, trials, with_moods
from tfrun.apart.limits import Limits
from tfrun.config.problems import RunError
from tfrun.sweep import Suggestion
from tfrun.sweep.cluster import Ray
from tfrun.sweep.ray_pool import RayPool

pytestmark = pytest.mark.long
pytest.importorskip("ray", reason="needs the extra 'ray'")

SPACE = ["sweep=random", "sweep.trials=3", "optimizer.learning_rate=tag(log,interval(1e-3,1))", "head.dropout=interval(0,0.5)"]
LONG = ["training.epochs=60", "training.batch_size=16"]


def test_faults_are_recorded_and_the_others_go_on(tmp_path, module):
    folder = with_moods(tmp_path)
    moods = "head.mood=raises,hangs,dies_once,fine"
    done = tfrun(folder, *command(module, "sweep.pool=ray", "head=moody", moods, "training.epochs=1", "sweep.time_limit=25"))
    assert done.code == 0, done.err
    ended = {trial.values["head.mood"]: trial for trial in trials(folder).values()}
    assert {mood: trial.state for mood, trial in ended.items()} == {
        "raises": "failed", "hangs": "failed", "dies_once": "done", "fine": "done"
    }  # fmt: skip
    assert "this head does not want to" in ended["raises"].error and "own.py" in ended["raises"].traceback
    assert ended["hangs"].error == "took longer than 25 s and was stopped"
    assert ended["dies_once"].killed == 1 and ended["dies_once"].objectives == ended["fine"].objectives
    assert "again    work was killed by signal 9: it goes on from its checkpoint" in done.out


def workers(sweep: Started) -> list[psutil.Process]:
    """Ray's processes at work on trials."""
    return [child for child in sweep.children if child.name().startswith("ray::_conducted")]


def test_a_killed_worker_and_a_killed_sweep_end_as_without_ray_and_undisturbed(tmp_path, module):
    (tmp_path / "local").mkdir()
    done = tfrun(tmp_path / "local", *command(module, *SPACE, *LONG))
    assert done.code == 0, done.err
    with Started(tmp_path, *command(module, *SPACE, *LONG, "sweep.pool=ray")) as sweep:
        sweep.until(lambda directory: measured(directory, 0) >= 3 and measured(directory, 1) >= 3)
        workers(sweep)[0].kill()
        sweep.until(lambda directory: any(trial.killed for trial in trials(tmp_path).values()))
        sweep.until(lambda directory: measured(directory, 2) >= 3)
        sweep.kill()
        done = tfrun(tmp_path, "resume", "sweep")
    assert done.code == 0, done.err
    assert finished(tmp_path) == finished(tmp_path / "local") and len(finished(tmp_path)) == 3
    assert sum(trial.killed for trial in trials(tmp_path).values()) == 1


def test_ctrl_c_saves_the_trials_and_a_bad_one_is_pruned(tmp_path, module):
    endless = ["training.epochs=100000", "training.batch_size=16", "optimizer.learning_rate=0.01,1e-9,0.02"]
    prune = ["sweep.prune.method=median", "sweep.prune.trials=1", "sweep.prune.warmup=20", "sweep.objective=loss"]
    with Started(tmp_path, *command(module, "sweep.pool=ray", *endless, *prune)) as sweep:
        sweep.until(lambda directory: measured(directory, 2) >= 3)  # it has the room of one that was pruned
        code, _, err = sweep.interrupt()
    assert code == 1 and "stopped: `python -m tfrun resume sweep` goes on with this sweep" in err
    states = {number: trial.state for number, trial in trials(tmp_path).items()}
    assert sorted(states.values()) == ["pruned", "running", "running"] and states[2] == "running"
    assert "stopped     at step" in (tmp_path / "sweep/2/log.txt").read_text()


@pytest.fixture()
def pool():
    pool = RayPool(Ray(), "auto", Limits())
    yield pool
    pool.close()


def test_a_machine_that_does_not_see_the_sweep_ends_it_with_one_line(pool, tmp_path):
    import ray

    @ray.remote(num_cpus=pool.size)
    def fills_the_machine(until: str) -> None:
        import threading

        while not Path(until).exists():
            threading.Event().wait(0.05)

    filling = fills_the_machine.remote(str(tmp_path / "enough"))
    pool.start(Suggestion(0, {}), {}, tmp_path / "sweep/0")
    shutil.rmtree(tmp_path / "sweep")
    (tmp_path / "enough").touch()
    ray.get(filling)
    pool.wait(60)
    with pytest.raises(RunError, match=r"cannot see .*sweep/.jobs/0.*put it on storage that all machines of the cluster share"):
        pool.ended()


def test_what_no_machine_has_is_told(tmp_path, module):
    done = tfrun(tmp_path, *command(module, "seed=1,2", "sweep.workers=auto", "sweep.pool=ray", "sweep.ray.cpus=999"))
    assert done.code == 1 and "no machine of the cluster has 999 cores" in done.err
    done = tfrun(tmp_path, *command(module, "seed=1,2", "sweep.pool=ray", "sweep.ray.address=127.0.0.1:9"))
    assert done.code == 1 and "sweep.ray.address = 127.0.0.1:9: cannot be used ([Errno 111] Connection refused)" in done.err
    done = tfrun(tmp_path, *command(module, "seed=1,2", "sweep.pool=ray", "sweep.ray.cpus=0"))
    assert done.code == 2 and "sweep.ray.cpus = 0: a trial needs something to run on" in done.err
