"""Do 10,000 metric points slow a trial? The same sweep of one trial, measured after each step, without tracking and with MLflow beside it.

    python benchmarks/sweep/points.py [--points 10000] [--rounds 2]

Printed: seconds of the trial by kind of tracking, in turns, as on a machine with other work one turn says little; their ratio; and how
many points MLflow has in the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_STEPS_AN_EPOCH = 41  # 1,300 rows in batches of 32
_STORE = "mlflow.db"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    seconds: dict[str, list[float]] = {"none": [], "mlflow": []}
    with tempfile.TemporaryDirectory(prefix="tfrun-points-") as scratch:
        for turn in range(args.rounds):
            for tracking in seconds:
                folder = Path(scratch) / f"{tracking}{turn}"
                folder.mkdir()
                trial, whole = one(folder, tracking, args.points)
                seconds[tracking].append(trial)
                print(f"round {turn}, tracking={tracking}: trial {trial:.1f} s, command {whole:.1f} s", flush=True)
        print(f"points of validation_accuracy in MLflow: {stored(folder):,}")
    ratio = statistics.median(seconds["mlflow"]) / statistics.median(seconds["none"])
    print(f"trial with MLflow over trial without: {ratio:.3f}")


def one(folder: Path, tracking: str, points: int) -> tuple[float, float]:
    """(seconds of the trial, of the whole command)"""
    command = [
        sys.executable, "-m", "tfrun", "-m", "+experiment=quickstart", "transform.image_size=32", f"tracking={tracking}", "sweep.finish=none",
        "training.evaluate_every=1 steps", "training.checkpoint_every=20 epochs", f"training.epochs={points / _STEPS_AN_EPOCH:.3f}",
        "optimizer.learning_rate=choice(0.001)",
    ]  # fmt: skip
    if tracking == "mlflow":
        command.append(f"tracking.uri=sqlite:///{folder / _STORE}")
    began = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    whole = time.monotonic() - began
    (summary,) = folder.glob("runs/*/*/sweep.json")
    (trial,) = json.loads(summary.read_text())["trials"]
    if trial["state"] != "done":
        raise SystemExit(f"the trial ended as {trial['state']}: {trial['error']}")
    return trial["seconds"], whole


def stored(folder: Path) -> int:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / _STORE}")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()], "tags.trial = '0'")
    return len(client.get_metric_history(run.info.run_id, "validation_accuracy", max_results=25_000))


if __name__ == "__main__":
    main()
