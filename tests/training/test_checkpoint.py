"""Checkpoints that are whole, damaged, or have no room."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from tfrun.training.checkpoint import Checkpoints, Damaged, State, read, write


def state(number: int) -> State:
    arrays = {"weights/head/kernel": np.full((100, 10), number, "float32"), "seed": np.array([number], "uint32")}
    return State(arrays, {"step": number, "rows": [{"loss": 0.1}]})


@pytest.fixture()
def warnings():
    return []


@pytest.fixture()
def checkpoints(tmp_path, warnings):
    return Checkpoints(tmp_path, keep=2, warn=warnings.append)


def saved(checkpoints: Checkpoints, *steps: int) -> None:
    for step in steps:
        checkpoints.save(step, state(step))
        checkpoints.wait()


def test_what_is_read_is_what_was_written(tmp_path):
    write(tmp_path / "step", state(7))
    found = read(tmp_path / "step")
    assert found.facts == {"step": 7, "rows": [{"loss": 0.1}]}
    assert {name: value.dtype for name, value in found.arrays.items()} == {"weights/head/kernel": "float32", "seed": "uint32"}
    assert all((found.arrays[name] == value).all() for name, value in state(7).arrays.items())


def test_any_tool_can_check_the_checksum(tmp_path):
    write(tmp_path / "step", state(7))
    done = subprocess.run(["sha256sum", "-c", "state.sha256"], cwd=tmp_path / "step", capture_output=True, text=True)
    assert done.returncode == 0 and "state.npz: OK" in done.stdout


def test_the_newest_ones_are_kept(checkpoints, tmp_path):
    saved(checkpoints, 1, 2, 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000002.0", "step-00000030.0"]
    assert checkpoints.newest().facts["step"] == 30


@pytest.mark.parametrize("where", [0.01, 0.5, 0.99])
def test_a_flipped_bit_sends_back_to_the_one_before(checkpoints, tmp_path, warnings, where):
    saved(checkpoints, 1, 2)
    file = tmp_path / "step-00000002.0" / "state.npz"
    content = bytearray(file.read_bytes())
    content[int(where * len(content))] ^= 8
    file.write_bytes(content)
    assert checkpoints.newest().facts["step"] == 1
    assert warnings == ["checkpoint step-00000002.0 does not match its checksum: going back to the one before"]


@pytest.mark.parametrize("name", ["state.npz", "state.sha256"])
def test_a_truncated_file_sends_back_to_the_one_before(checkpoints, tmp_path, name):
    saved(checkpoints, 1, 2)
    os.truncate(tmp_path / "step-00000002.0" / name, 20)
    assert checkpoints.newest().facts["step"] == 1


def test_a_file_that_is_gone_sends_back_to_the_one_before(checkpoints, tmp_path):
    saved(checkpoints, 1, 2)
    (tmp_path / "step-00000002.0" / "state.npz").unlink()
    with pytest.raises(Damaged, match="cannot be read"):
        read(tmp_path / "step-00000002.0")
    assert checkpoints.newest().facts["step"] == 1


def test_none_is_whole(checkpoints, tmp_path, warnings):
    saved(checkpoints, 1)
    (tmp_path / "step-00000001.0" / "state.npz").write_bytes(b"")
    assert checkpoints.newest() is None and len(warnings) == 1


def test_half_a_checkpoint_of_a_killed_process_is_not_seen(checkpoints, tmp_path):
    saved(checkpoints, 1)
    (tmp_path / ".step-00000002.0").mkdir()
    (tmp_path / ".step-00000002.0" / "state.npz").write_bytes(b"half")
    assert checkpoints.newest().facts["step"] == 1
    saved(checkpoints, 2)
    assert checkpoints.newest().facts["step"] == 2


FULL = """
import sys, numpy as np
from pathlib import Path
from tests.training.test_checkpoint import state
from tfrun.training.checkpoint import Checkpoints, State
checkpoints = Checkpoints(Path(sys.argv[1]), keep=2, warn=print)
for step, size in ((1, 10), (2, 10_000_000), (3, 10_000_000)):
    checkpoints.save(step, State({"weights": np.zeros(size, "float32")}, {"step": step}))
    checkpoints.wait()
print(checkpoints.newest().facts)
"""


def test_a_full_disk_is_told_once_and_the_last_whole_one_stays(tmp_path):
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-c", f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN){FULL}", str(tmp_path)],
        capture_output=True, text=True, preexec_fn=no_room,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told, facts = done.stdout.strip().splitlines()
    assert told == (
        "checkpoint step-00000002.0 cannot be written (File too large); training goes on, the last whole one is step-00000001.0"
    )
    assert facts == "{'step': 1}" and sorted(os.listdir(tmp_path)) == ["step-00000001.0"]
