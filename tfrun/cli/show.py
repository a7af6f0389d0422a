"""`python -m tfrun show GROUP=OPTION`: its keys with type, unit, default and help."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path

from tfrun.component import target
from tfrun.config.catalogue import keys, option


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun show", description=__doc__)
    parser.add_argument("option", metavar="GROUP=OPTION", help="e.g. optimizer=adam")
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    chosen = option(args.option, args.config_dir)
    print(f"{chosen.group}={chosen.name}  ({target(chosen.cls)})\n")
    print(inspect.cleandoc(chosen.cls.__doc__ or ""), "\n")
    prefix = f"export.{chosen.name}" if chosen.group == "export" else chosen.group
    for key in keys(chosen.cls, chosen.values):
        unit = f" [{key.unit}]" if key.unit else ""
        print(f"{prefix}.{key.name}: {key.type}{unit} = {key.default}\n    {key.help}")
    return 0
