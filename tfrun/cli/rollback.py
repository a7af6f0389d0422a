"""`python -m tfrun rollback REPOSITORY NAME`: the version that was stable, or champion of a registry, before is it again."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.push import add_wait, show_labels
from tfrun.cli.registry import add_repository, registry_at, show_champion
from tfrun.serving.repository import Repository


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun rollback", description=__doc__)
    add_repository(parser)
    add_wait(parser)
    args = parser.parse_args(argv)
    address = registry_at(args.repository)
    if address:
        from tfrun.tracking.registry import Registry

        return show_champion(Registry(address).rollback(args.name, args.why))
    done = Repository(Path(args.repository), args.wait).rollback(args.name, args.why)
    print(f"rolled back {done.name}: version {done.version} is stable")
    show_labels(done)
    return 0
