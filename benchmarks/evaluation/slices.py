"""Metrics of 40 slices of 300,000 rows: tfrun beside pandas with scikit-learn, and beside TensorFlow Model Analysis.

    python benchmarks/evaluation/slices.py [--tfma path/to/python] [--rounds 3]

--tfma: a Python with tensorflow-model-analysis 0.52 (`pip install tensorflow-model-analysis==0.52.0` in an environment of its own). Prints
a Markdown table; each way is in a process of its own, imports left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def once(python: str, way: str, data: Path) -> dict:
    done = subprocess.run([python, str(HERE / f"{way}.py"), str(data)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def largest(ours: dict, theirs: dict, metric: str) -> float:
    return max(abs(ours[where][metric] - theirs[where][metric]) for where in ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfma", help="a Python that has it")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.npz"
        subprocess.run([sys.executable, str(HERE / "rows.py"), str(data)], check=True)
        found: dict[str, list[dict]] = {"ours": [], "by_hand": []}
        for _ in range(args.rounds):
            for way in found:
                found[way].append(once(sys.executable, way, data))
        if args.tfma:
            found["in_tfma"] = [once(args.tfma, "in_tfma", data)]
    print("| way | seconds | of tfrun |\n|---|---|---|")
    base = statistics.median(one["seconds"] for one in found["ours"])
    for name, runs in found.items():
        seconds = statistics.median(one["seconds"] for one in runs)
        print(f"| {name} | {seconds:.2f} | {seconds / base:.1f} |")
    print(f"| ours, 95 % intervals on top | {statistics.median(one['intervals'] for one in found['ours']):.2f} | |")
    for name in list(found)[1:]:
        gaps = {metric: largest(found["ours"][0]["slices"], found[name][0]["slices"], metric) for metric in ("auc", "accuracy", "precision", "recall")}
        print(f"\nLargest difference from {name}: " + ", ".join(f"{metric} {gap:.1e}" for metric, gap in gaps.items()))


if __name__ == "__main__":
    main()
