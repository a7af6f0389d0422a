"""What sweeps cost, as a user starts them: against one run, against KerasTuner, in memory, in idle places, in training time.

    python benchmarks/sweep heads|memory|idle|rungs [--rounds N] [--seeds N] [--epochs N]

Each part is one command; it prints a Markdown table of figures and their bars for each round. On a quiet machine of two cores `heads` is a matter of minutes, `rungs` of a quarter of an hour.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bars import PARTS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3, help="of rungs")
    parser.add_argument("--epochs", type=int, default=27, help="of rungs: of the longest trials")
    args = parser.parse_args()
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            more = {"seeds": args.seeds, "epochs": args.epochs} if args.part == "rungs" else {}
            rows = PARTS[args.part](Path(folder), **more)
        print(f"\n### {args.part}, round {number + 1}\n\n| figure | value | bar |\n|---|---|---|")
        for what, value, bar in rows:
            print(f"| {what} | {value} | {bar} |", flush=True)


if __name__ == "__main__":
    main()
