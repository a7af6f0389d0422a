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

from agreement import differences, drifts, schema_differences

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "tfrun/samples/flights/flights.csv.gz"
TFDV = "tensorflow-data-validation==1.16.1"
WAYS = {
    "describe": 'pandas `describe(include="all")`, table in memory',
    "statistics": "tfrun, table in memory",
    "reading": "reading the file alone, block by block",
    "streamed": "tfrun, from the file",
    "checks": "tfrun, all checks, from the file",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLE, help="a CSV with the columns of the flights sample")
    parser.add_argument("--environment", type=Path, default=Path("tfdv-environment"), help="folder of the venv with TFDV")
    options = parser.parse_args()
    python = environment(options.environment)
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = Path(folder) / "theirs", Path(folder) / "ours"
        theirs.mkdir()
        findings = write_ours(options.data, ours)
        run(python, HERE / "in_tfdv.py", options.data, theirs, ours / "data")
        figures = json.loads((theirs / "figures.json").read_text())
        print(
            f"\n{findings.statistics.datasets[0].num_examples:,} rows\n\n| figure | features | largest difference | where |\n|---|---|---|---|"
        )
        for row in differences(findings.statistics.datasets[0], theirs / "whole.pb"):
            print("| " + " | ".join(row) + " |")
        for row in drifts(options.data, theirs, figures["drift"]):
            print("| " + " | ".join(row) + " |")
        print("\nschema:", "; ".join(schema_differences(findings.schema, theirs / "schema.pbtxt")) or "the same")
        print("TFDV reads ours: anomalies", figures["reads"]["anomalies"], "; stored", figures["reads"]["stored"])
        print(
            "schema that TFDV infers from our statistics:",
            "; ".join(schema_differences(findings.schema, figures["reads"]["schema"])) or "the same",
        )
    speed(options.data, figures)


def environment(folder: Path) -> Path:
    """The Python of the venv. Raises CalledProcessError where TFDV cannot be installed."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", TFDV, "setuptools<81"], check=True)
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


def speed(data: Path, figures: dict) -> None:
    measured = {way: json.loads(run(sys.executable, HERE / "here.py", way, data).splitlines()[-1]) for way in WAYS}
    print("\n| | seconds | peak memory |\n|---|---|---|")
    print(
        f"| TFDV `generate_statistics_from_dataframe`, table in memory | {figures['seconds']:.2f} | {figures['peak']:.0f} MB |"
    )
    for way, said in WAYS.items():
        print(f"| {said} | {measured[way]['seconds']:.3f} | {measured[way]['peak']:.0f} MB |")
    own, pandas = measured["statistics"]["seconds"], measured["describe"]["seconds"]
    print(f"\nTFDV / tfrun {figures['seconds'] / own:.1f}, tfrun / pandas {own / pandas:.1f}")


if __name__ == "__main__":
    main()
