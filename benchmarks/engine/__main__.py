"""The training engine beside the peer run in the same minutes: `keras.Model.fit`, tuned.

    python benchmarks/engine [--only NAME …] [--rounds N] [--quick]

Ways take turns, each time in a process of its own; imports are left out. Prints two Markdown tables a work: the ways, by the
median of the rounds, and the bars, by the median of the ratios within a round, with the ratio of the fastest rounds beside
it. `fit` caches and prefetches, takes many steps a call, and is timed with the autotuner of tf.data and without: the faster
one counts. All of it takes about 25 minutes on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile

from apart import measured
from bars import Rounds
from works import WORKS, Work


def rounds(work: Work, count: int, quick: bool) -> Rounds:
    """All ways take turns, `count` times."""
    options = work.options | (work.quick if quick else {})
    found: Rounds = {way: [] for way in work.ways}
    for _ in range(count):
        with tempfile.TemporaryDirectory() as cache:
            for way in work.ways:
                found[way].append(measured(work.module, way, cache=cache, **options))
    return found


def show(work: Work, found: Rounds) -> None:
    count = len(found[work.ways[0]])
    print(f"\n### {work.title}; {count} round{'s' * (count > 1)}\n")
    print(
        "| way | "
        + " | ".join(heading for heading, _ in work.columns.values())
        + " |\n"
        + "|---" * (len(work.columns) + 1)
        + "|"
    )
    for way, each in found.items():
        cells = []
        for key, (_, shape) in work.columns.items():
            values = [figures[key] for figures in each if key in figures]
            spread = f" ({min(values):{shape}} … {max(values):{shape}})" if len(values) > 1 and key != "loss" else ""
            cells.append(f"{statistics.median(values):{shape}}{spread}" if values else "")
        print(f"| {way} | " + " | ".join(cells) + " |")
    print("\n| | bar | median | of the best rounds | reached |\n|---|---|---|---|---|")
    for bar in work.bars:
        print("| " + " | ".join(bar.row(found)) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=WORKS, metavar="NAME", help=f"of {', '.join(WORKS)}")
    parser.add_argument("--rounds", type=int, help="of each work; default: 1 to 3, as each work says")
    parser.add_argument("--quick", action="store_true", help="tiny amounts: shows that all of it runs, no more")
    args = parser.parse_args()
    for name in args.only or WORKS:
        work = WORKS[name]
        show(work, rounds(work, args.rounds or (1 if args.quick else work.rounds), args.quick))


if __name__ == "__main__":
    main()
