"""`python -m tfrun advise +experiment=NAME [key=value …]`: which backbone, and frozen or not, before anything is trained.

`key=a,b` tries both values; without such a list, every backbone there is. Frozen features of training and validation rows are
computed once, kept in the feature store, and probed with a linear classifier. Leaves a page, advice.json and files for
TensorBoard's projector in a run directory.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.advise import ROWS, advise
from tfrun.cli.arguments import whole
from tfrun.record.console import Console


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tfrun advise", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="+", help="as for a run")
    parser.add_argument("--against", type=Path, metavar="DIR", help="a run directory: how far are its data from these?")
    parser.add_argument("--rows", type=whole(20), default=ROWS, metavar="N", help=f"of each split, at most (default: {ROWS})")
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    result = advise(args.overrides, args.config_dir, args.against, args.rows)
    console = Console()
    console.line()
    for reason in result.advice["reasons"]:
        console.line(f"        {reason}")
    console.line(f"add     {' '.join(result.advice['overrides'])}")
    console.line(f"page    {result.directory / 'advice' / 'advice.html'}")
    return 0
