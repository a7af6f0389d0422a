"""Runs that are killed, stopped and damaged, and end in the weights of an unbroken run: real processes, real signals."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.conftest import tfrun
from tests.started import Started


def command(module: Path, directory: Path, *more: str) -> list[str]:
    return [
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "head=mlp",
        "head.dropout=0.3", "training=frozen_then_finetune", "training.frozen_epochs=30", "training.epochs=4",
        "training.ema_decay=0.9", "training.checkpoint_every=10 steps", "training.steps_per_call=5", "export=[]", "gate=none",
        "tracking=none", f"hydra.run.dir={directory}", *more,
    ]  # fmt: skip


def stop_at(process: Started, directory: Path, step: int, number: signal.Signals) -> tuple[int, str]:
    """Sends the signal once there is a checkpoint of `step` or later. Returns exit code and standard error."""
    with process:
        process.until(lambda: any(int(path.name[5:13]) >= step for path in directory.glob("checkpoints/step-*")))
        code, _, err = process.send(number)
    return code, err


def weights(directory: Path) -> str:
    return json.loads((directory / "result.json").read_text())["weights_sha256"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, module) -> Path:
    """The run directory of an unbroken run."""
    folder = tmp_path_factory.mktemp("whole")
    done = tfrun(folder, *command(module, folder / "run"))
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture(scope="module")
def killed(tmp_path_factory, module) -> Path:
    """The directory of a run that was killed with SIGKILL in its second phase (its first has 1,219 steps)."""
    folder = tmp_path_factory.mktemp("killed")
    code, _ = stop_at(Started(folder, *command(module, folder / "run")), folder / "run", 1260, signal.SIGKILL)
    assert code == -signal.SIGKILL
    return folder / "run"


def copied(directory: Path, to: Path) -> Path:
    return Path(shutil.copytree(directory, to / "run"))


def test_a_killed_run_ends_in_the_weights_of_an_unbroken_one(killed, whole, tmp_path):
    directory = copied(killed, tmp_path)
    with (directory / "metrics.jsonl").open("a") as file:
        file.write('{"half a li')  # what a process leaves that is killed while it writes
    done = tfrun(tmp_path, "resume", directory)
    assert done.code == 0 and "resumed     at step 1" in done.out, done.err
    assert weights(directory) == weights(whole)
    steps = [[json.loads(line)["step"] for line in (path / "metrics.jsonl").open()] for path in (directory, whole)]
    assert steps[0] == steps[1]
    again = tfrun(tmp_path, "resume", directory)
    assert again.code == 0 and "finished already" in again.out


def test_a_damaged_checkpoint_costs_a_few_steps_only(killed, whole, tmp_path):
    directory = copied(killed, tmp_path)
    newest = sorted(directory.glob("checkpoints/step-*"))[-1]
    content = bytearray((newest / "state.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (newest / "state.npz").write_bytes(content)
    done = tfrun(tmp_path, "resume", directory)
    assert done.code == 0 and f"checkpoint {newest.name} does not match its checksum: going back to the one before" in done.out
    assert weights(directory) == weights(whole)


def test_sigterm_means_start_me_again_and_the_same_command_goes_on(module, whole, tmp_path):
    directory = tmp_path / "run"
    code, err = stop_at(Started(tmp_path, *command(module, directory)), directory, 100, signal.SIGTERM)
    assert code == 75 and "Traceback" not in err and "again" in err
    assert json.loads((directory / "result.json").read_text())["status"] == "interrupted"
    done = tfrun(tmp_path, *command(module, directory))
    assert done.code == 0 and "resumed     at step" in done.out, done.err
    assert weights(directory) == weights(whole)


def test_another_config_does_not_go_on_with_it(killed, module, tmp_path):
    directory = copied(killed, tmp_path)
    done = tfrun(tmp_path, *command(module, directory, "head.dropout=0.4"))
    assert done.code == 1 and "holds a run of another config that did not finish; `python -m tfrun resume" in done.err


def test_two_processes_cannot_work_on_one_run(killed, tmp_path):
    directory = copied(killed, tmp_path)
    import fcntl

    with (directory / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = tfrun(tmp_path, "resume", directory)
    assert done.code == 1 and "another process is at work on this run" in done.err


def test_changed_data_are_one_line(killed, tmp_path):
    directory = copied(killed, tmp_path)
    config = (directory / "config.yaml").read_text()
    (directory / "config.yaml").write_text(config.replace("    seed: 0\n", "    seed: 1\n", 1))
    done = tfrun(tmp_path, "resume", directory)
    assert done.code == 1 and "/run: the data have changed since this run was stopped" in done.err, done.err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["nowhere"], 1, "nowhere: is no run directory: it holds no config.yaml; name runs/<experiment>/<date_time>"),
        (["RUN", "training.epochs=3"], 2, "training.epochs: cannot be changed in a run that has begun"),
        (["RUN", "strategy.devise=/CPU:0"], 2, "strategy.devise = /CPU:0: no such key; did you mean 'strategy.device'?"),
    ],
)
def test_what_cannot_be_resumed_is_one_line(killed, tmp_path, arguments, code, text):
    done = tfrun(tmp_path, "resume", *(str(killed) if word == "RUN" else word for word in arguments))
    assert done.code == code and text in done.err, done.err
