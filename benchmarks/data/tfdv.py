"""Statistics, schema and drift beside TFDV's, and speed: `python benchmarks/data/tfdv.py [--data CSV] [--environment FOLDER]`.

The environment is a venv with tensorflow-data-validation, made where there is none: it does not fit the versions of this package.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "tfrun/samples/flights/flights.csv.gz"
PACKAGES = HERE / "tfdv.txt"  # complete, as pip is slow to find versions that fit; with dill, which TFDV forgets to ask for
WAYS = {
    "describe": 'pandas `describe(include="all")`, table in memory',
    "statistics": "tfrun, table in memory",
    "reading": "reading the file alone, block by block",
    "streamed": "tfrun, from the file",
    "fourfold": "tfrun, from the file four times over",
    "checks": "tfrun, all checks, from the file",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLE, help="a CSV with the columns of the flights sample")
    parser.add_argument("--environment", type=Path, default=Path("tfdv-environment"), help="folder of the venv with TFDV")
    options = parser.parse_args()
    python = environment(options.environment)
    speed = {way: json.loads(run(sys.executable, HERE / "here.py", way, options.data)) for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:  # only now: a child's peak memory begins at what its parent has
        figures = compare(options.data, python, Path(folder) / "theirs", Path(folder) / "ours")
    print_speed(speed, figures["speed"])


def compare(data: Path, python: Path, theirs: Path, ours: Path) -> dict:
    from agreement import differences, drifts, schema_differences

    theirs.mkdir()
    findings = write_ours(data, ours)
    run(python, HERE / "in_tfdv.py", data, theirs, ours / "data")
    figures = json.loads((theirs / "figures.json").read_text())
    whole = findings.statistics.datasets[0]
    print(f"\n{whole.num_examples:,} rows\n\n| figure | features | largest difference | where |\n|---|---|---|---|")
    for row in [*differences(whole, theirs / "whole.pb"), *drifts(data, theirs, figures["drift"])]:
        print("| " + " | ".join(row) + " |")
    print("\nschema:", "; ".join(schema_differences(findings.schema, theirs / "schema.pbtxt")) or "the same")
    reads = figures["reads"]
    print(
        "TFDV validates our statistics by our schema: anomalies",
        reads["anomalies"],
        "and reads of our anomalies",
        reads["stored"],
    )
    inferred = "; ".join(schema_differences(findings.schema, reads["schema"])) or "the same"
    print("schema that TFDV infers from our statistics:", inferred)
    return figures


def environment(folder: Path) -> Path:
    """The Python of the venv. Raises CalledProcessError where TFDV cannot be installed."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", PACKAGES], check=True)
    return python.absolute()


def write_ours(data: Path, folder: Path):
    from here import batches

    from tfrun.checks import Roles, check_data

    findings = check_data({"train": lambda: batches(str(data))}, Roles("late"))
    findings.write(folder)
    return findings


def run(python: Path | str, *arguments: object) -> str:
    done = subprocess.run([str(python), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr[-2000:]}")
    return done.stdout


def print_speed(ours: dict, theirs: dict) -> None:
    rows = {
        "TFDV, from the file (`generate_statistics_from_csv`)": theirs["file"],
        "TFDV, table in memory (`generate_statistics_from_dataframe`)": theirs["frame"],
    } | {said: ours[way] for way, said in WAYS.items()}
    print("\n| | seconds | of the processor | peak memory |\n|---|---|---|---|")
    for said, row in rows.items():
        print(f"| {said} | {row['seconds']:.3f} | {row['busy']:.3f} | {row['peak']:.0f} MB |")
    for unit, said in (("seconds", "seconds"), ("busy", "of the processor")):
        file, frame = theirs["file"][unit] / ours["streamed"][unit], theirs["frame"][unit] / ours["statistics"][unit]
        pandas = ours["statistics"][unit] / ours["describe"][unit]
        print(f"{said}: TFDV / tfrun {file:.1f} from the file, {frame:.1f} in memory; tfrun / pandas {pandas:.1f}")


if __name__ == "__main__":
    main()
