"""`python -m tfrun list [GROUP]`: experiments and groups, or the options of a group, one line each."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.config.catalogue import experiments, options
from tfrun.config.problems import ConfigError, Problem, nearest


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun list", description=__doc__)
    parser.add_argument("group", nargs="?", help="a config group, or `experiment`")
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    broken: list[Problem] = []
    every = options(args.config_dir, broken=broken)
    if args.group is None or args.group == "experiment":
        print("experiments (python -m tfrun +experiment=NAME)")
        _lines(experiments(args.config_dir, broken))
    if args.group is None:
        for group, choices in every.items():
            print(f"\n{group} ({group}=NAME)")
            _lines({option.name: option.summary for option in choices.values()})
    elif args.group in every:
        _lines({option.name: option.summary for option in every[args.group].values()})
    elif args.group != "experiment":
        raise ConfigError(Problem(args.group, "no such group", nearest(args.group, [*every, "experiment"])))
    if broken:
        print("\nleft out, since these files are broken")
        for problem in broken:
            print(f"  {problem}")
    return 0


def _lines(entries: dict[str, str]) -> None:
    width = max((len(name) for name in entries), default=0)
    for name, text in entries.items():
        print(f"  {name:<{width}}  {text}".rstrip())
