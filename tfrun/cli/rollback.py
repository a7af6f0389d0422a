"""`python -m tfrun rollback REPOSITORY NAME`: the version that was stable before is stable again."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.push import add_wait, show_labels
from tfrun.serving.repository import Repository


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun rollback", description=__doc__)
    parser.add_argument("repository", type=Path, help="folder that versions are pushed to")
    parser.add_argument("name", help="of the model")
    add_wait(parser)
    args = parser.parse_args(argv)
    done = Repository(args.repository, args.wait).rollback(args.name)
    print(f"rolled back {done.name}: version {done.version} is stable")
    show_labels(done)
    return 0
