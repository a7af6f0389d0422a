"""Where MLflow keeps runs: a sqlite file or a server, reached in seconds or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Store:
    """uri: as MLflow takes it. What MLflow raises for a store that is away passes through."""

    uri: str

    def client(self):
        # A server that is away must show in seconds, not after MLflow's minutes of patience.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        import mlflow

        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        with self._alone():
            client = mlflow.MlflowClient()
            client.search_experiments(max_results=1)  # makes a new store's tables
        return client

    def experiment(self, client, name: str) -> str:
        """Its id; it is made where it is not there."""
        with self._alone():
            known = client.get_experiment_by_name(name)
            return known.experiment_id if known else client.create_experiment(name, self._artifact_location())

    @property
    def _file(self) -> Path | None:
        return Path(self.uri.removeprefix(_SQLITE)) if self.uri.startswith(_SQLITE) else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two processes that make the tables of one sqlite file at once would get in each other's way."""
        if not self._file:
            yield
            return
        with open(f"{self._file}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _artifact_location(self) -> str | None:
        """Beside the sqlite file; a server has a place of its own."""
        return (self._file.resolve().parent / "mlartifacts").as_uri() if self._file else None
