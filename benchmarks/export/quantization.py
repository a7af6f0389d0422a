"""What quantized files keep, over several splits: retention on the test split and bytes, beside the bars.

    python benchmarks/export/quantization.py [--tuxpaint path/to/tuxpaint] [--splits 5] [--set export.tflite.int8.head=keep …]

Prints one Markdown table a data set, and one of the bars.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tfrun import Result, load, run
from tfrun.export import Artifact

VARIANTS = ("float32", "float16", "dynamic", "int8", "int4")


def results(overrides: list[str], splits: int, runs: Path) -> list[Result]:
    common = ["gate=none", "tracking=none", f"runs={runs}", f"export.tflite.variants=[{','.join(VARIANTS)}]"]
    return [run(load([*overrides, *common, f"dataset.split.seed={seed}"]), quiet=True) for seed in range(splits)]


def by_name(found: list[Result]) -> dict[str, list[Artifact]]:
    return {column[0].name: list(column) for column in zip(*(result.artifacts for result in found), strict=True)}


def table(title: str, found: list[Result]) -> None:
    print(f"\n### {title}\n\n| file | retention, mean | of each split | bytes | of SavedModel | of float TFLite | head |")
    print("|---|---|---|---|---|---|---|")
    for name, column in by_name(found).items():
        each = " ".join(f"{artifact.retention or 0:.3f}" for artifact in column)
        refit = sum(str(artifact.details.get("head", "")).startswith("fitted again") for artifact in column)
        cells = [
            f"{mean_retention(column):.4f}", each, f"{max(a.bytes for a in column):,}",
            f"{max(a.bytes_vs_saved_model for a in column):.1%}",
            f"{max(a.bytes_vs_float_tflite for a in column):.1%}" if column[0].bytes_vs_float_tflite else "",
            f"refit in {refit} of {len(column)}" if refit else "as trained",
        ]  # fmt: skip
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def mean_retention(column: list[Artifact]) -> float:
    return statistics.mean(artifact.retention or 0.0 for artifact in column)


def bars(title: str, files: dict[str, list[Artifact]]) -> None:
    def largest(name: str, ratio: str) -> float:
        return max(getattr(artifact, ratio) for artifact in files[name])

    asked = [
        ("int8, mean retention", mean_retention(files["tflite/int8"]), 0.99, True),
        ("int4, mean retention", mean_retention(files["tflite/int4"]), 0.95, True),
        ("float16, mean retention", mean_retention(files["tflite/float16"]), 0.995, True),
        ("dynamic, mean retention", mean_retention(files["tflite/dynamic"]), 0.995, True),
        ("int8, bytes of SavedModel", largest("tflite/int8", "bytes_vs_saved_model"), 0.28, False),
        ("int8, bytes of float TFLite", largest("tflite/int8", "bytes_vs_float_tflite"), 0.30, False),
        ("int4, bytes of float TFLite", largest("tflite/int4", "bytes_vs_float_tflite"), 0.20, False),
    ]
    for name, value, bar, is_least in asked:
        held = value >= bar if is_least else value <= bar
        print(f"| {title}, {name} | {'≥' if is_least else '≤'} {bar:g} | {value:.4f} | {'yes' if held else '**no**'} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuxpaint", type=Path, help="folder of the Tux Paint stamps with its index.csv")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="further overrides")
    args = parser.parse_args()
    sets = {"quickstart, 96 pixels": ["+experiment=quickstart"]}
    if args.tuxpaint:
        sets["tuxpaint, 224 pixels"] = ["+experiment=tuxpaint", f"dataset.directory={args.tuxpaint}", "dataset.index=index.csv"]
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, overrides in sets.items():
            measured[title] = results([*overrides, *args.set], args.splits, Path(folder))
            table(f"{title}, {args.splits} splits of {_rows(measured[title])} test rows", measured[title])
    print("\n| figure | bar | reached | |\n|---|---|---|---|")
    for title, found in measured.items():
        bars(title, by_name(found))


def _rows(found: list[Result]) -> int:
    return found[0].data["rows"]["test"]


if __name__ == "__main__":
    main()
