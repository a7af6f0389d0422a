"""`python -m tfrun check-contract OLD NEW`: would NEW break a caller of OLD? Exit code 1 where it would."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.export.compatibility import compare, read


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun check-contract", description=__doc__)
    parser.add_argument("old", type=Path, help="contract.json, or a run directory that holds one")
    parser.add_argument("new", type=Path, help="the same, of the model that is to take its place")
    args = parser.parse_args(argv)
    changes = compare(read(args.old), read(args.new))
    for change in changes:
        print(change)
    breaks = sum(change.breaks for change in changes)
    print(f"{breaks} of {len(changes)} changes break callers" if changes else "no change")
    return 1 if breaks else 0
