"""Real processes: two train what one trains, one dies, the run goes on with another number."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tfrun
from tests.started import Started
from tfrun import check, load, run
from tfrun.config.problems import ConfigError
from tfrun.strategy import cluster
from tfrun.strategy.multi_worker import MultiWorker

TWO = ("strategy=multi_worker", "strategy.workers=2", "hydra.run.dir=run", "export=[]")


def arguments(module, *more: str) -> list[str]:
    return [
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "gate=none",
        "tracking=none", "optimizer=sgd", "optimizer.learning_rate=0.5", "optimizer.momentum=0.9",
        "training.batch_size=16", "training.epochs=6", "training.keep=last", "training.ema_decay=0.9", "training.clip_norm=0.5",
        "head.dropout=0.3", "training.checkpoint_every=10 steps", *more,
    ]  # fmt: skip


def trained(folder: Path) -> dict[str, np.ndarray]:
    """All that a training ended with, from its last checkpoint."""
    newest = max((folder / "run" / "checkpoints").glob("step-*"))
    with np.load(newest / "state.npz") as stored:
        return {name: stored[name] for name in stored.files if name.startswith("array/")}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, atol=1e-5, err_msg=name)


def result(folder: Path) -> dict:
    return json.loads((folder / "run" / "result.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory, module) -> dict[str, np.ndarray]:
    """What one device trains."""
    folder = tmp_path_factory.mktemp("alone")
    run(load(arguments(module, "export=[]")), folder / "run", quiet=True)
    return trained(folder)


@pytest.mark.long
def test_a_lost_worker_ends_the_run_and_one_process_goes_on_with_it(tmp_path, module, alone):
    with Started(tmp_path, *arguments(module, *TWO)) as chief:
        chief.until(lambda: "training (frozen)" in chief.out)
        (worker,) = [child for child in chief.children if "tfrun.strategy.worker" in child.cmdline()]
        worker.kill()
        code, _, errors = chief.ended(120)
    assert code == 75, errors
    (line,) = errors.splitlines()
    assert line.startswith("run error: strategy: worker 1 was killed (SIGKILL)")
    assert f"python -m tfrun resume {tmp_path / 'run'}" in line
    assert result(tmp_path)["status"] == "interrupted"
    done = tfrun(tmp_path, "resume", "run", "strategy.workers=1")
    assert done.code == 0, done.err
    assert result(tmp_path)["training"]["resumed_at"] > 0
    assert_same(alone, trained(tmp_path))


@pytest.mark.long
def test_processes_that_somebody_else_starts_train_together(tmp_path, module, alone):
    jobs = cluster.local(worker=2)
    same = arguments(module, "strategy=multi_worker", "hydra.run.dir=run", "export=[saved_model]")
    places = [cluster.Cluster(jobs, "worker", index).as_tf_config() for index in range(2)]
    with Started(tmp_path, *same, TF_CONFIG=places[0]) as first, Started(tmp_path, *same, TF_CONFIG=places[1]) as second:
        ended = [first.ended(), second.ended()]
    assert [code for code, _, _ in ended] == [0, 0], ended
    assert "the results are with worker 0" in ended[1][1]
    assert [folder.name for folder in tmp_path.iterdir()] == ["run"]  # the helper has left nothing
    assert result(tmp_path)["verdict"]["blessed"]  # the SavedModel answers as the trained model does
    assert_same(alone, trained(tmp_path))


@pytest.mark.long
def test_a_worker_that_cannot_work_is_told_of(tmp_path, module):
    """Its own last line says why."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif any('tfrun.strategy.worker' in word for word in sys.orig_argv): sys.exit('no disk here')\n"
    )
    done = tfrun(tmp_path, *arguments(module, *TWO), PYTHONPATH=str(tmp_path), timeout=60)
    assert done.code == 1
    assert "worker 1 ended with exit code 1 (`SystemExit: no disk here`" in done.err


def test_neither_workers_nor_a_cluster_says_what_to_set(small):
    (problem,) = check(small.model_copy(update={"strategy": MultiWorker()}))
    assert "set strategy.workers=2" in str(problem)


def test_statistics_of_a_share_of_a_batch_are_refused():
    overrides = ["strategy=multi_worker", "strategy.workers=2", "training=finetune", "training.batch_norm=update"]
    problems = check(load(["+experiment=quickstart", *overrides, "head=mlp", "head.batch_norm=true"]))
    assert {problem.key for problem in problems} >= {"training.batch_norm", "head.batch_norm"}


def test_rows_that_cannot_be_shared_out_are_refused(small):
    (problem,) = check(small.model_copy(update={"strategy": MultiWorker(workers=3)}))
    assert str(problem) == "training.batch_size = 32: cannot be shared out evenly over strategy.workers = 3; use 30"


@pytest.mark.parametrize("text", ["{", "{}", '{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}'])
def test_a_broken_tf_config_is_one_line(text):
    with pytest.raises(ConfigError, match=r"TF_CONFIG = .*names no cluster"):
        cluster.from_tf_config(text)


def test_the_first_process_of_a_cluster_leads():
    jobs = {"chief": ["a:1"], "worker": ["b:1"]}
    assert cluster.Cluster(jobs, "chief", 0).leads and not cluster.Cluster(jobs, "worker", 0).leads
    assert cluster.is_first({"TF_CONFIG": cluster.Cluster({"worker": ["a:1", "b:1"]}, "worker", 0).as_tf_config()})
    assert not cluster.is_first({"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"})


def test_a_slurm_step_names_its_cluster(monkeypatch):
    step = {
        "SLURM_JOB_ID": "20007", "SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_NODELIST": "node[1-2]",
        "SLURM_STEP_TASKS_PER_NODE": "2,1",
    }  # fmt: skip
    for name, value in step.items():
        monkeypatch.setenv(name, value)
    place = cluster.from_slurm(os.environ)
    assert place.jobs == {"worker": ["node1:20007", "node1:20008", "node2:20007"]}
    assert (place.job, place.index) == ("worker", 2)
