"""`python -m tfrun sync DIR`: send the directory of a run or of a sweep to MLflow; what was sent before is not sent again."""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
from pathlib import Path

from tfrun.cli.directory import check_is_run
from tfrun.config.problems import Problem, RunError, TfrunError, shorten
from tfrun.provenance.secrets import masked
from tfrun.sweep.summary import is_sweep

_EVERY = 3.0  # seconds between looks at a run that is going on


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun sync", description=__doc__)
    parser.add_argument("directory", type=Path, help="of a run or of a sweep")
    parser.add_argument("--uri", help="tracking server or store, in the place of the config's")
    parser.add_argument("--follow", action="store_true", help="send while the run goes on, until standard input ends")
    args = parser.parse_args(argv)
    if not is_sweep(args.directory):
        check_is_run(args.directory)
    try:
        sync = _sync(args.directory, args.uri)
    except TfrunError as error:
        if args.follow:
            print(json.dumps({"sent": False, "error": str(error)}), flush=True)
            return error.exit_code
        raise
    if args.follow:
        return _follow(sync)
    try:
        state = sync.send(final=True)
    except Exception as error:  # MLflow's stores raise MlflowException, requests', SQLAlchemy's and OS errors alike
        raise RunError(
            Problem("tracking.uri", f"cannot be reached ({_brief(error)})", "nothing is lost: try again later", sync.uri)
        ) from error
    open_end = "" if state.get("done") else " (no result yet: the run goes on or was killed)"
    print(f"sent to {masked(state['uri'])}: run {state['run_id']}{open_end}")
    return 0


def _sync(directory: Path, uri: str | None):
    if is_sweep(directory):
        from tfrun.tracking.sweep import SweepSync

        return SweepSync(directory, uri)
    from tfrun.tracking.sync import Sync

    return Sync(directory, uri)


def _follow(sync) -> int:
    """Failures on the way are only told at the end: the server may be back by then."""
    os.nice(10)  # the cores are for training
    while not _finished():
        try:
            sync.send()
        except Exception as error:
            print(f"tracking, will try again: {_brief(error)}", file=sys.stderr, flush=True)
    try:
        state = sync.send(final=True)
        answer = {"sent": True, "run_id": state["run_id"], "model": state.get("model", "")}
    except Exception as error:
        answer = {"sent": False, "error": f"tracking.uri = {sync.uri}: cannot be reached ({_brief(error)})"}
    print(json.dumps(answer), flush=True)
    return 0


def _finished() -> bool:
    """True when the run has written all, or has died: its end of the pipe is closed then."""
    ready, _, _ = select.select([sys.stdin], [], [], _EVERY)
    return bool(ready)


def _brief(error: Exception) -> str:
    return shorten(masked(f"{type(error).__name__}: {error}"), 200)
