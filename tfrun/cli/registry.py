"""What `promote` and `rollback` share: a repository of servers, or an MLflow registry."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.tracking.mlflow import STORES

if TYPE_CHECKING:
    from tfrun.tracking.registry import Moved


def add_repository(parser: argparse.ArgumentParser) -> None:
    text = "folder that versions are pushed to; or an MLflow registry: its address, or the folder of runs that holds mlflow.db"
    parser.add_argument("repository", help=text)
    parser.add_argument("name", help="of the model")
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason, for the log")


def registry_at(place: str) -> str:
    """The address of the registry; empty where `place` is none."""
    if place.startswith(STORES):
        return place
    file = Path(place) / "mlflow.db"
    return f"sqlite:///{file.resolve()}" if file.is_file() else ""


def show_champion(moved: Moved) -> int:
    before = f", in the place of version {moved.before}" if moved.before is not None and moved.before != moved.version else ""
    already = " already" if moved.before == moved.version else ""
    print(f"champion    {moved.name}: version {moved.version}{already}{before}")
    return 0
