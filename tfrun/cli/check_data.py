"""`python -m tfrun check-data +experiment=NAME [key=value …] [against=DIR]`: open and check the data, train nothing.

Leaves statistics, schema, anomalies and a page in a run directory. against: a run directory whose data these are compared
with. Exit code 4 where there is an anomaly of severity error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.config.load import load
from tfrun.record.console import Console
from tfrun.run import check_data

_FAILED = 4


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tfrun check-data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="+", help="as for a run; against=DIR is short for checks.against=DIR")
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    overrides = [f"checks.{text}" if text.startswith("against=") else text for text in args.overrides]
    result = check_data(load(overrides, args.config_dir))
    anomalies, console = result.checks["anomalies"], Console()
    console.line()
    console.line(f"page    {result.directory / 'data' / 'data.html'}")
    console.line(f"schema  {result.directory / 'data' / 'schema.pbtxt'}  (edit it, then checks.schema_file=… enforces it)")
    return _FAILED if any(anomaly["severity"] == "error" for anomaly in anomalies) else 0
