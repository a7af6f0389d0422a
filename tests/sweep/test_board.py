"""The screen: a line a trial, and a live table where there is a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys

from tests.conftest import ROOT


def test_a_line_a_trial_and_failures_at_once(swept):
    lines = [line for line in swept.out.splitlines() if line.startswith("trial ")]
    assert re.match(r"trial +0  done +accuracy 0\.\d+  [\d.]+ s  optimizer.learning_rate=0.01  best so far", lines[0])
    assert re.match(r"trial +1  pruned +accuracy [\d.]+  [\d.]+ s  optimizer.learning_rate=1e-06$", lines[1])
    assert re.match(r"trial +2  failed +optimizer.learning_rate=1e\+30: .*the loss is not finite", lines[2])
    assert "\x1b" not in swept.out and "1 done, 1 pruned, 1 failed, in" in swept.out
    assert re.search(r"page    runs/quickstart/\S+/sweep\.html", swept.out)


def test_on_a_terminal_a_table_shows_what_runs(module, tmp_path):
    """In a terminal of 140 columns: the trial that runs with its epochs, the best so far, what is left."""
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140", "LINES": "40", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable, "-m", "tfrun", "-m", "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "tracking=none", "training.epochs=300", "sweep.workers=1", "sweep.finish=none", "optimizer.learning_rate=0.01,0.001",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path, stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    seen = _read(ours, process)
    assert process.wait(60) == 0, seen[-2000:]
    assert re.search(r"trial +epoch +accuracy +s +values", seen)
    assert re.search(r"\b1 +\d+/300 +━* +0\.\d{4} +\d+ +optimizer.learning_rate=0.001", seen), "how far it is, and its value"
    assert re.search(r"best so far: trial 0, accuracy 0\.\d+: optimizer.learning_rate=0.01", seen)
    assert re.search(r"1 done, 1 running of 2, .*, about \d+ (min \d+ )?s left", seen)


def _read(terminal: int, process) -> str:
    """All that is written there, without colours."""
    seen = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], 300)
        if not ready:
            process.kill()
            break
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace"))
