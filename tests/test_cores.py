"""How many cores a process counts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tfrun.cores import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system with affinity")
def test_a_process_that_is_bound_to_one_core_counts_one():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from tfrun.cores import cores; print(cores())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "1\n"


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [("max 100000", "max 100000", None), ("max 100000", "50000 100000", 1), ("100000 100000", "max 100000", 1), ("9900000 100000", "max 100000", None)],
)  # fmt: skip
def test_the_quota_of_a_container_counts_and_that_of_the_groups_around_it(tmp_path, outer, inner, expected):
    (tmp_path / "system/task").mkdir(parents=True)
    (tmp_path / "system/cpu.max").write_text(f"{outer}\n")
    (tmp_path / "system/task/cpu.max").write_text(f"{inner}\n")
    (tmp_path / "own").write_text("1:name=systemd:/\n0::/system/task\n")
    free = cores(tmp_path / "nothing", tmp_path / "none")
    assert cores(tmp_path, tmp_path / "own") == (expected or free)
