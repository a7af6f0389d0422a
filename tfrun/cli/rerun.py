"""`python -m tfrun rerun DIR`: the experiment of a run directory again, in a directory of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.summary import tell
from tfrun.config.load import load_file
from tfrun.run import run


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun rerun", description=__doc__)
    parser.add_argument("directory", type=Path, help="a run directory")
    args = parser.parse_args(argv)
    experiment = load_file(args.directory / "config.yaml")
    _, code = tell(experiment, lambda: run(experiment))
    return code
