"""`python -m tfrun push DIR --to REPOSITORY`: a run's `serving` export becomes a new version that servers can read."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.arguments import seconds, whole
from tfrun.serving.evidence import evidence, megabytes
from tfrun.serving.repository import WAIT, Done, Repository


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun push", description=__doc__)
    parser.add_argument("directory", type=Path, help="a run directory, or exports/serving of it")
    parser.add_argument("--to", type=Path, required=True, metavar="REPOSITORY", help="folder that servers read")
    parser.add_argument("--label", choices=("canary", "stable"), default="canary", help="what the version is (default: canary)")
    parser.add_argument("--name", help="the model's name in the server (default: that of the export)")
    parser.add_argument("--keep", type=whole(1), metavar="N", help="remove the oldest versions beyond N that nothing needs")
    add_wait(parser)
    args = parser.parse_args(argv)
    done = Repository(args.to, args.wait).push(evidence(args.directory), args.name, args.label, args.keep)
    folder = args.to / done.name / str(done.version)
    print(f"pushed      {done.name} version {done.version}: {folder}, {megabytes(folder)}")
    if done.removed:
        print(f"removed     versions {', '.join(map(str, done.removed))}")
    show_labels(done)
    return 0


def add_wait(parser: argparse.ArgumentParser) -> None:
    text = f"longest wait for another process that writes the repository (default: {WAIT:g})"
    parser.add_argument("--wait", type=seconds(), default=WAIT, metavar="SECONDS", help=text)


def show_labels(done: Done) -> None:
    print(f"labels      {', '.join(f'{label} {version}' for label, version in sorted(done.labels.items(), reverse=True))}")
