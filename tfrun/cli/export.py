"""`python -m tfrun export DIR export=[…]`: further files from a finished run; nothing is trained again."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.cli.directory import check_is_run
from tfrun.cli.summary import tell
from tfrun.config.load import load, load_file
from tfrun.config.problems import ConfigError, Problem

_ANY = ("dataset=fashion", "backbone=none")  # groups without a default: only `export` is taken


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun export", description=__doc__)
    parser.add_argument("directory", type=Path, help="a run directory")
    parser.add_argument(
        "overrides", nargs="+", help="export=[tflite,tfjs] and keys of these, e.g. export.tflite.variants=[int4]"
    )
    args = parser.parse_args(argv)
    check_is_run(args.directory)
    from tfrun.further import add_exports

    targets = _targets(args.overrides)
    experiment = load_file(args.directory / "config.yaml")
    _, code = tell(experiment, lambda: add_exports(args.directory, targets))
    return code


def _targets(overrides: list[str]) -> dict:
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key.split(".")[0] != "export":
            rule = "cannot be changed in a finished run; only keys of export can"
            raise ConfigError(Problem(key, rule, "start a new run for that"))
    if not any(override.startswith("export=") for override in overrides):
        raise ConfigError(Problem("export", "is not given", "say which, e.g. export=[tflite,tfjs]"))
    return load([*_ANY, *overrides]).export
