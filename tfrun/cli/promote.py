"""`python -m tfrun promote REPOSITORY NAME`: the canary becomes stable; of a registry, the challenger becomes champion."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.arguments import whole
from tfrun.cli.push import add_wait, show_labels
from tfrun.cli.registry import add_repository, registry_at, show_champion
from tfrun.serving.repository import Repository


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun promote", description=__doc__)
    add_repository(parser)
    parser.add_argument("--version", type=whole(1), metavar="N", help="in the canary's or challenger's place")
    add_wait(parser)
    args = parser.parse_args(argv)
    address = registry_at(args.repository)
    if address:
        from tfrun.tracking.registry import Registry

        return show_champion(Registry(address).promote(args.name, args.version, args.why))
    done = Repository(Path(args.repository), args.wait).promote(args.name, args.version, args.why)
    print(f"promoted    {done.name}: version {done.version} is stable{'' if done.changed else ' already'}")
    show_labels(done)
    return 0
