"""`python -m tfrun resume DIR`: go on with a run or a sweep that was stopped or killed; it ends as if it had never stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from tfrun.cli.app import run_app
from tfrun.cli.directory import check_is_run
from tfrun.cli.summary import tell
from tfrun.component import plain
from tfrun.config.load import from_mapping, load_file
from tfrun.config.problems import ConfigError, Problem, RunError
from tfrun.record.result import read
from tfrun.run import resume


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun resume", description=__doc__)
    parser.add_argument("directory", type=Path, help="of a run, or of a sweep")
    parser.add_argument(
        "overrides",
        nargs="*",
        help="keys of the strategy, e.g. strategy.workers=1; of a sweep sweep.workers, sweep.time_limit, sweep.storage …: all else stays as it was",
    )
    args = parser.parse_args(argv)
    command = command_of_sweep(args.directory, args.overrides)
    if command is not None:
        return run_app(["-m", *command])
    check_is_run(args.directory)
    experiment = load_file(args.directory / "config.yaml")
    if args.overrides:
        experiment = from_mapping(_changed(plain(experiment), args.overrides))
    code = finished(args.directory)
    if code is not None:
        print(f"finished already: {args.directory / 'report.html'}")
        return code
    _, code = tell(experiment, lambda: resume(args.directory, experiment))
    return code


def command_of_sweep(directory: Path, overrides: list[str]) -> list[str] | None:
    """The command line that goes on with the sweep in `directory`; None: it holds none. Raises ConfigError where an override
    would make it another sweep.
    """
    storage = next((text.partition("=")[2] for text in overrides if text.startswith("sweep.storage=")), None)
    if storage is None and not (directory / "sweep.db").is_file():
        return None
    from tfrun.sweep import Sweep
    from tfrun.sweep.store import store_of

    for override in overrides:
        key = override.partition("=")[0]
        if key.removeprefix("sweep.").partition(".")[0] not in Sweep.free or key == "sweep.resume":
            free = ", ".join(f"sweep.{name}" for name in Sweep.free if name != "resume")
            raise ConfigError(
                Problem(key, f"cannot be changed in a sweep that has begun; only {free} can", "start a new sweep")
            )
    store = store_of(directory, storage)
    try:
        facts = store.facts()
    finally:
        store.close()
    if facts is None:
        raise RunError(Problem("sweep.storage", f"holds no sweep of {directory}", "name its database", storage))
    given = {override.partition("=")[0] for override in [*overrides, "sweep.resume="]}
    kept = [text for text in facts["command"] if text.partition("=")[0].lstrip("+") not in given]
    return [*kept, f"sweep.resume={directory}", *overrides]


def finished(directory: Path) -> int | None:
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
