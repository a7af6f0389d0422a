"""Kills a sweep with SIGKILL at random moments and goes on with it until it is done; compares its trials with an undisturbed sweep's.

    python benchmarks/faults/sweep.py [--kills 10] [--seed 0]

Sweeps of eight trials, each killed and resumed until it is done: by turns its parent and one of its trials. Prints a line a kill and
exits with 1 where values, objectives or weights of any trial differ, or where one that had ended was made again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tfrun.sweep.store import store_of

TRIALS = 8
SWEEP = [
    "-m", "+experiment=quickstart", "transform.image_size=32", "head=mlp", "head.dropout=0.3", "training.epochs=40",
    "training.checkpoint_every=20 steps", "export=[]", "gate=none", "tracking=none", "sweep=optuna", "sweep.sampler=random",
    f"sweep.trials={TRIALS}", "sweep.finish=none", "sweep.retries=100", "optimizer.learning_rate=tag(log,interval(1e-4,1e-1))",
    "head.l2=tag(log,interval(1e-6,1e-2))",
]  # fmt: skip


def start(directory: Path, first: bool, cache: Path) -> subprocess.Popen:
    command = [*SWEEP, f"hydra.sweep.dir={directory}"] if first else ["resume", str(directory)]
    return subprocess.Popen(
        [sys.executable, "-m", "tfrun", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TFRUN_CACHE": str(cache)},
    )  # fmt: skip


def ended(directory: Path) -> dict[int, tuple]:
    """Values, objectives and weights of the trials that are done."""
    if not (directory / "sweep.db").is_file():
        return {}
    store = store_of(directory, None)
    try:
        done = [trial for trial in store.trials() if trial.state == "done"]
    finally:
        store.close()
    return {trial.number: (trial.values, trial.objectives, _weights(directory, trial.number)) for trial in done}


def _weights(directory: Path, number: int) -> str:
    return json.loads((directory / str(number) / "result.json").read_text())["weights_sha256"]


def touched(directory: Path) -> dict[int, int]:
    return {number: (directory / f"{number}/metrics.jsonl").stat().st_mtime_ns for number in ended(directory)}


def a_trial_of(process: subprocess.Popen, draw: random.Random) -> psutil.Process | None:
    """One child of the server that hands them out."""
    try:
        children = [child for server in psutil.Process(process.pid).children() for child in server.children()]
    except psutil.NoSuchProcess:
        return None
    return draw.choice(children) if children else None


def wait(process: subprocess.Popen, seconds: float) -> bool:
    """Whether it has ended."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def disturbed(directory: Path, cache: Path, number: int, kills: int, draw: random.Random, whole: float) -> tuple[int, bool]:
    """One sweep, killed until its trials have ended or `number` has reached `kills`. Returns the number, and whether nothing that had ended was
    touched again.
    """
    process, sound = start(directory, True, cache), True
    try:
        while number < kills:
            after = draw.uniform(0.1, 0.5) * whole
            if wait(process, after) or len(ended(directory)) == TRIALS:  # a sweep with nothing left to do is not worth a kill
                break
            number += 1
            trial = a_trial_of(process, draw) if number % 2 else None
            if trial is not None:
                trial.kill()
                print(f"{number:2d}: killed a trial after {after:.1f} s", flush=True)
                continue
            process.kill()
            process.communicate()
            before = touched(directory)
            print(f"{number:2d}: killed the sweep after {after:.1f} s, {len(before)} trials had ended", flush=True)
            process = start(directory, not (directory / "sweep.db").is_file(), cache)
            wait(process, 0.2 * whole)
            sound &= all(touched(directory).get(trial) == at for trial, at in before.items())
        out, _ = process.communicate(timeout=1800)
        if process.returncode:
            raise SystemExit(f"exit code {process.returncode}\n{out}")
        return number, sound
    finally:
        process.kill()
        process.communicate()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache, plain = Path(folder, "cache"), Path(folder, "plain")
        began = time.monotonic()
        process = start(plain, True, cache)
        out, _ = process.communicate(timeout=1800)
        if process.returncode:
            raise SystemExit(f"exit code {process.returncode}\n{out}")
        whole = time.monotonic() - began
        print(f"undisturbed: {len(ended(plain))} trials in {whole:.0f} s", flush=True)
        number, sound, same, draw = 0, True, True, random.Random(args.seed)
        for sweep in itertools.count():
            killed = Path(folder, f"killed-{sweep}")
            number, untouched = disturbed(killed, cache, number, args.kills, draw, whole)
            sound, same = sound and untouched, same and ended(killed) == ended(plain)
            if number == args.kills:
                break
    print(f"after {args.kills} kills of {sweep + 1} sweeps: {'the same trials' if same else 'OTHER TRIALS'}{'' if sound else ', SOME MADE AGAIN'}")
    return 0 if same and sound else 1


if __name__ == "__main__":
    sys.exit(main())
