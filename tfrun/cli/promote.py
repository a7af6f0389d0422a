"""`python -m tfrun promote REPOSITORY NAME`: the canary becomes stable."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.arguments import whole
from tfrun.cli.push import add_wait, show_labels
from tfrun.serving.repository import Repository


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun promote", description=__doc__)
    parser.add_argument("repository", type=Path, help="folder that versions are pushed to")
    parser.add_argument("name", help="of the model")
    parser.add_argument("--version", type=whole(1), metavar="N", help="in the canary's place")
    add_wait(parser)
    args = parser.parse_args(argv)
    done = Repository(args.repository, args.wait).promote(args.name, args.version)
    print(f"promoted    {done.name}: version {done.version} is stable{'' if done.changed else ' already'}")
    show_labels(done)
    return 0
