"""MLflow: a local sqlite store by default, any tracking server by address."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from pydantic import field_validator

from tfrun.component import setting
from tfrun.tracking import Tracking

STORES = ("sqlite:///", "http://", "https://", "postgresql", "mysql", "mssql", "databricks")


class MLflow(Tracking):
    """Parameters, metrics, data, exported files and the servable model of each run.

    A companion process reads the run directory and sends what is new, so a server that is slow or away costs the run
    nothing. What could not be sent, `python -m tfrun sync DIR` sends later.
    """

    uri: str | None = setting(None, "tracking server or store; null: $MLFLOW_TRACKING_URI, else a sqlite file in `runs`")
    experiment: str | None = setting(None, "MLflow experiment; null: the experiment's name")
    model: str | None = setting(None, "registered model; null: the experiment's name")
    register_model: bool = setting(True, "register the exported model when a gate is set and the verdict is 'blessed'")
    timeout: float = setting(120.0, "longest wait for the last transfer at the end of a run", unit="seconds", gt=0)

    @field_validator("uri")
    @classmethod
    def _can_be_reached(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(STORES):
            raise ValueError(f"must begin with one of {', '.join(STORES)}")
        return value

    def start(self, record):
        from tfrun.tracking.companion import Companion

        return Companion(record.directory, self.timeout)

    start_sweep = start  # the companion sees what kind of directory it is

    def store(self, runs: Path) -> str:
        """The tracking URI. runs: the folder of all runs."""
        return self.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(runs / 'mlflow.db').resolve()}"

    def viewer(self, runs: Path) -> str:
        store = self.store(runs)
        if store.startswith(("http://", "https://")):
            return store
        return f"python -m mlflow ui --backend-store-uri {shlex.quote(store)}"
