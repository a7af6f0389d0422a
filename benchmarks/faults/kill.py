"""Kills a training with SIGKILL at random moments, resumes it, and compares the weights with those of an unbroken run.

    python benchmarks/faults/kill.py [--moments 20] [--seed 0]

Each moment is a run of its own, in a directory of its own: killed once, resumed once. Prints a line a moment and exits with 1 where
any of them ended in other weights.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

# Two phases, dropout, augmentation by views, moving averages, a backbone that is unfrozen in two goes, checkpoints between epochs.
RUN = [
    "+experiment=quickstart", "transform.image_size=32", "head=mlp", "head.dropout=0.3", "augment=light", "augment.views=2",
    "training=frozen_then_finetune", "training.frozen_epochs=12", "training.epochs=1.5", "training.ema_decay=0.99",
    "training.checkpoint_every=7 steps", "training.evaluate_every=50 %", "training.clip_norm=1.0", "training.steps_per_call=3",
    "training.groups.late.pattern='head|/1[0-9][0-9]_'", "training.groups.early.pattern=backbone",
    "training.groups.early.unfreeze=40 %", "export=[]", "gate=none", "tracking=none",
]  # fmt: skip


def start(directory: Path, first: bool) -> subprocess.Popen:
    command = [*RUN, f"hydra.run.dir={directory}"] if first else ["resume", str(directory)]
    return subprocess.Popen(
        [sys.executable, "-m", "tfrun", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TFRUN_CACHE": str(directory.parent / "store")},
    )  # fmt: skip


def finish(process: subprocess.Popen, directory: Path) -> dict:
    out, _ = process.communicate(timeout=600)
    if process.returncode != 0:
        raise SystemExit(f"exit code {process.returncode}\n{out}")
    return json.loads((directory / "result.json").read_text())


def killed_at(directory: Path, steps: int, within: float) -> str:
    """Starts a run, kills it once its log or checkpoints have come so far. Returns where that was."""
    process = start(directory, first=True)
    while process.poll() is None and reached(directory) < steps:
        _pause(process, 0.002)
    _pause(process, within)
    alive = process.poll() is None
    process.kill()
    process.communicate()
    return f"step {reached(directory)}" if alive else "after its end"


def reached(directory: Path) -> int:
    """Steps of the newest checkpoint, -1 before the first."""
    names = [path.name for path in directory.glob("checkpoints/step-*")]
    return max((int(name[5:13]) for name in names), default=-1)


def _pause(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw, wrong = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        whole = finish(start(Path(folder, "whole"), first=True), Path(folder, "whole"))
        steps = whole["training"]["steps"]
        print(f"unbroken: {steps} steps, weights {whole['weights_sha256'][:16]}", flush=True)
        for number in range(args.moments):
            directory = Path(folder, f"moment-{number}")
            where = killed_at(directory, draw.randrange(-1, steps), draw.random() * 0.3)
            resumed = finish(start(directory, first=False), directory)
            same = resumed["weights_sha256"] == whole["weights_sha256"]
            wrong += not same
            at = resumed["training"]["resumed_at"]
            print(
                f"{number + 1:2d}: killed after {where}, resumed at {at}: {'the same weights' if same else 'OTHER WEIGHTS'}",
                flush=True,
            )
    print(f"{args.moments - wrong} of {args.moments} ended in the same weights")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
