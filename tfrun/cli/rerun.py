"""`python -m tfrun rerun DIR`: the experiment of a run again, in a directory of its own, and whether it came out the same."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tfrun.cli.arguments import real
from tfrun.cli.summary import tell
from tfrun.provenance.original import find
from tfrun.provenance.repeat import TOLERANCE, Repeat
from tfrun.run import run


def main(argv: list[str]) -> int:
    """Returns 0 when the run came out identical or equivalent, whatever its verdict is, 1 when different; else as a run does."""
    parser = argparse.ArgumentParser(prog="python -m tfrun rerun", description=__doc__)
    parser.add_argument("run", help="a run directory, or the id of a run in MLflow")
    parser.add_argument("--uri", help="where that id is known; else $MLFLOW_TRACKING_URI, else runs/mlflow.db")
    parser.add_argument(
        "--tolerance",
        type=real(0),
        default=TOLERANCE,
        help=f"largest difference of a test probability or a test metric that counts as equivalent (default {TOLERANCE:g})",
    )
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="tfrun-") as scratch:
        original = find(args.run, Path(scratch), args.uri)
        repeat = Repeat(original, args.tolerance)
        result, code = tell(original.experiment, lambda: run(original.experiment, repeats=repeat))
    if result is None or not result.repeat:
        return code
    return 1 if result.repeat["outcome"] == "different" else 0
