"""Do 10,000 metric points slow a trial? It only appends to metrics.jsonl; the sweep's companion reads that and sends it to MLflow.

    python benchmarks/sweep/points.py [--points 10000] [--rounds 3] [--trials]

Printed: microseconds that one measurement costs the process that trains, with nothing beside it and with the companion at work, in turns,
and how many points MLflow has in the end. --trials: whole sweeps of one trial that is measured after each step, too; minutes.
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

import tfrun
from tfrun.component import plain
from tfrun.record import Record
from tfrun.record.console import Console

_STEPS_AN_EPOCH = 41  # 1,300 rows in batches of 32
_STORE = "mlflow.db"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tfrun-points-") as scratch:
        turns("microseconds a measurement", appended, Path(scratch) / "appended", args)
        if args.trials:
            turns("seconds a trial", trained, Path(scratch) / "trained", args)


def turns(title: str, measure, scratch: Path, args) -> None:
    """In turns: on a machine with other work, one turn says little."""
    found: dict[str, list[float]] = {"none": [], "mlflow": []}
    for turn in range(args.rounds):
        for tracking, values in found.items():
            folder = scratch / f"{tracking}{turn}"
            folder.mkdir(parents=True)
            values.append(measure(folder, tracking, args.points))
            print(f"round {turn}, tracking={tracking}: {values[-1]:.1f} {title}", flush=True)
    print(f"points of one metric in MLflow: {stored(folder):,}")
    without, beside = (statistics.median(values) for values in found.values())
    print(f"{title}, median: {without:.1f} without, {beside:.1f} with MLflow, ratio {beside / without:.3f}")


def appended(folder: Path, tracking: str, points: int) -> float:
    """Microseconds a measurement, of the record that a trial has."""
    experiment = tfrun.load(["+experiment=quickstart", "sweep.finish=none", f"tracking.uri=sqlite:///{folder / _STORE}"])
    record = Record.open(experiment, folder / "0", Console(quiet=True))
    tell(folder, experiment, "running")
    companion = None
    if tracking == "mlflow":
        command = [sys.executable, "-m", "tfrun", "sync", str(folder), "--follow"]
        companion = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while not (folder / "tracking.json").exists():  # it has begun
            time.sleep(0.1)
    split = {"loss": 0.5, "accuracy": 0.8, "balanced_accuracy": 0.8, "f1_macro": 0.8}
    spent = 0.0
    for step in range(points):
        row = {
            "phase": "frozen",
            "step": step,
            "epoch": step / _STEPS_AN_EPOCH,
            "seconds": 0.01,
            "train": split,
            "validation": split,
        }
        began = time.perf_counter()
        record.metrics(row)
        spent += time.perf_counter() - began
    record.close()
    tell(folder, experiment, "done")
    if companion:
        answer, _ = companion.communicate("finished\n")
        if not json.loads(answer)["sent"]:
            raise SystemExit(answer)
    return 1e6 * spent / points


def tell(folder: Path, experiment, state: str) -> None:
    """sweep.json of a sweep with one trial."""
    trial = {
        "number": 0, "values": {}, "state": state, "directory": "0", "objectives": {"accuracy": 0.8}, "seconds": 1.0, "began": 1.0, "ended": 2.0,
        "error": "", "traceback": "", "artifacts": [], "measured": {}, "epochs": 1.0,
    }  # fmt: skip
    content = {
        "name": "points", "state": state, "objectives": [{"name": "accuracy", "lower_is_better": False}], "space": {}, "fixed": [], "best": None,
        "pareto": [], "trials": [trial], "experiment": plain(experiment),
    }  # fmt: skip
    (folder / "sweep.json").write_text(json.dumps(content))


def trained(folder: Path, tracking: str, points: int) -> float:
    """Seconds of a trial that is measured after each step."""
    command = [
        sys.executable, "-m", "tfrun", "-m", "+experiment=quickstart", "transform.image_size=32", f"tracking={tracking}", "sweep.finish=none",
        "training.evaluate_every=1 steps", "training.checkpoint_every=20 epochs", f"training.epochs={points / _STEPS_AN_EPOCH:.3f}",
        "optimizer.learning_rate=choice(0.001)",
    ]  # fmt: skip
    if tracking == "mlflow":
        command.append(f"tracking.uri=sqlite:///{folder / _STORE}")
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (summary,) = folder.glob("runs/*/*/sweep.json")
    (trial,) = json.loads(summary.read_text())["trials"]
    if trial["state"] != "done":
        raise SystemExit(f"the trial ended as {trial['state']}: {trial['error']}")
    return trial["seconds"]


def stored(folder: Path) -> int:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / _STORE}")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()], "tags.trial = '0'")
    return len(client.get_metric_history(run.info.run_id, "validation_accuracy"))


if __name__ == "__main__":
    main()
