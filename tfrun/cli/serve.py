"""`python -m tfrun serve DIR`: answer requests with a run's SavedModel, through MLflow's scoring server."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from tfrun.cli.arguments import whole
from tfrun.record.console import Console
from tfrun.serving import recorded
from tfrun.serving.evidence import evidence
from tfrun.serving.scoring import app, listening, serve

_TARGETS = ("saved_model", "serving")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun serve", description=__doc__)
    parser.add_argument("directory", type=Path, help="a run directory")
    parser.add_argument("--port", type=whole(0, 65535), default=5000, help="0: one that is free (default: 5000)")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in (default: 127.0.0.1)")
    parser.add_argument("--anyway", action="store_true", help="also what did not pass, or is not what was measured")
    args = parser.parse_args(argv)
    run = evidence(args.directory)
    there = {artifact.target for artifact in run.artifacts}
    artifact = run.artifact(next((target for target in _TARGETS if target in there), _TARGETS[0]))
    if args.anyway:
        Console().warning("served whatever its verdict and its bytes are")
    else:
        run.demand_passed(artifact)
        run.demand_same_bytes(artifact)
    recorded.read(run.directory / "exports" / "contract.json")  # a damaged one would show late and strangely
    with listening(args.host, args.port) as where:
        host, port = where.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        with suppress(KeyboardInterrupt):  # Terminated too
            serve(app(run, run.path(artifact)), where, lambda: _tell(run.path(artifact), url))
    print("stopped     nothing is left running", flush=True)
    return 0


def _tell(path: Path, url: str) -> None:
    print(f"serving     {path}", flush=True)
    print(f"            POST {url}/invocations, GET {url}/ping; Ctrl-C ends it", flush=True)
