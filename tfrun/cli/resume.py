"""`python -m tfrun resume DIR`: go on with a run that was stopped or killed; it ends as if it had never stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from tfrun.cli.summary import tell
from tfrun.component import plain
from tfrun.config.load import from_mapping, load_file
from tfrun.config.problems import ConfigError, Problem, RunError
from tfrun.record.result import read
from tfrun.run import resume


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun resume", description=__doc__)
    parser.add_argument("directory", type=Path, help="a run directory")
    parser.add_argument("overrides", nargs="*", help="keys of the strategy, e.g. strategy.workers=1: all else stays as it was")
    args = parser.parse_args(argv)
    if not (args.directory / "config.yaml").is_file():
        rule = "is no run directory: it holds no config.yaml"
        raise RunError(Problem(str(args.directory), rule, "name runs/<experiment>/<date_time>"))
    experiment = load_file(args.directory / "config.yaml")
    if args.overrides:
        experiment = from_mapping(_changed(plain(experiment), args.overrides))
    code = _finished(args.directory)
    if code is not None:
        print(f"finished already: {args.directory / 'report.html'}")
        return code
    _, code = tell(experiment, lambda: resume(args.directory, experiment))
    return code


def _finished(directory: Path) -> int | None:
    """The exit code of a run that is done."""
    if not (directory / "result.json").exists():
        return None
    result = read(directory)
    if result["status"] != "done":
        return None
    return 0 if result["verdict"]["blessed"] else 3


def _changed(mapping: dict[str, Any], overrides: list[str]) -> dict[str, Any]:
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.startswith("strategy."):
            rule = "cannot be changed in a run that has begun; only keys of the strategy can"
            raise ConfigError(Problem(key, rule, "start a new run for that"))
        name = key.removeprefix("strategy.")
        mapping["strategy"][name] = yaml.safe_load(text)
    return mapping
