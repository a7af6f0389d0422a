"""The figures of docs/numbers.md for quickstart and tuxpaint, over several splits.

    python benchmarks/spine.py [--tuxpaint path/to/tuxpaint] [--splits 5]

Prints one Markdown table a data set: test accuracy, and retention and size of each exported file.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tfrun import Result, load, run


def figures(overrides: list[str], splits: int, runs: Path) -> list[Result]:
    common = ["gate=none", "tracking=none", f"runs={runs}"]
    return [run(load([*overrides, *common, f"dataset.split.seed={seed}"]), quiet=True) for seed in range(splits)]


def table(name: str, results: list[Result]) -> None:
    print(
        f"\n### {name}, {len(results)} splits\n\n| file | accuracy | retention | of SavedModel | of float TFLite | max difference |"
    )
    print("|---|---|---|---|---|---|")
    accuracy = [result.metrics["test"]["accuracy"] for result in results]
    print(f"| trained model | {_spread(accuracy)} | | | | |")
    for column in zip(*(result.artifacts for result in results), strict=True):
        first = column[0]
        cells = [
            _spread([artifact.metrics["accuracy"] for artifact in column]),
            _spread([artifact.retention for artifact in column]),
            f"{first.bytes_vs_saved_model:.1%}",
            f"{first.bytes_vs_float_tflite:.1%}" if first.bytes_vs_float_tflite else "",
            f"{max(artifact.max_abs_difference for artifact in column):.2g}",
        ]
        print(f"| {first.name} | " + " | ".join(cells) + " |", flush=True)


def _spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.4f} ({min(values):.3f} … {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuxpaint", type=Path, help="folder of the Tux Paint stamps with its index.csv")
    parser.add_argument("--splits", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table("quickstart", figures(["+experiment=quickstart"], args.splits, Path(folder)))
        if args.tuxpaint:
            chosen = ["+experiment=tuxpaint", f"dataset.directory={args.tuxpaint}", "dataset.index=index.csv"]
            table("tuxpaint, 224 pixels", figures(chosen, args.splits, Path(folder)))


if __name__ == "__main__":
    main()
