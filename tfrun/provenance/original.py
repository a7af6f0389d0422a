"""The run that is to be repeated, found by its directory or by its id in MLflow, with what it left to compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tfrun.config.load import load_file
from tfrun.config.problems import Problem, RunError, shorten
from tfrun.experiment import Experiment
from tfrun.record.result import read

_ID = re.compile(r"^[0-9a-f]{32}$")
_NEEDED, _ALSO = ("config.yaml", "result.json"), ("metrics.jsonl", "provenance")


@dataclass(frozen=True)
class Original:
    """A finished run. name: as the user gave it. directory: with its files, which may be copies."""

    name: str
    directory: Path
    result: dict[str, Any] = field(repr=False)

    @cached_property
    def experiment(self) -> Experiment:
        return load_file(self.directory / "config.yaml")


def find(name: str, scratch: Path, uri: str | None = None) -> Original:
    """name: a run directory, or the id of an MLflow run, whose files come into `scratch` where its directory is not here.

    Raises RunError where there is no finished run.
    """
    if (Path(name) / "config.yaml").is_file():
        return _finished(name, Path(name))
    if _ID.match(name) and not Path(name).exists():
        return _finished(name, _of_mlflow(name, scratch, uri))
    rule = "is no run directory: it holds no config.yaml" if Path(name).exists() else "is no run directory and no MLflow run id"
    raise RunError(Problem(name, rule, "name runs/<experiment>/<date_time>, or the 32 characters of an id"))


def _finished(name: str, directory: Path) -> Original:
    result = read(directory)
    if result.get("status") != "done" or not result.get("weights_sha256"):
        rule = f"did not finish (status {result.get('status')}): there is nothing to repeat"
        raise RunError(Problem(name, rule, f"`python -m tfrun resume {name}` goes on with it"))
    return Original(name, directory, result)


def _of_mlflow(run_id: str, scratch: Path, uri: str | None) -> Path:
    """The run's own directory where it still is, else its files from the store."""
    from tfrun.provenance.secrets import masked
    from tfrun.tracking.mlflow import MLflow
    from tfrun.tracking.store import Store

    store = uri or MLflow().store(Path("runs"))
    if store.startswith("sqlite:///") and not Path(store.removeprefix("sqlite:///")).is_file():
        raise RunError(Problem(run_id, f"cannot be looked up: there is no store {store}", "give --uri, or the run directory"))
    from mlflow.exceptions import MlflowException

    try:
        client = Store(store).client()
        run = client.get_run(run_id)
        there = Path(run.data.tags.get("run_directory", ""))
        if all((there / file).is_file() for file in _NEEDED):
            return there
        kept = {item.path for item in client.list_artifacts(run_id)}
        for path in (*_NEEDED, *_ALSO):
            if path in kept:
                client.download_artifacts(run_id, path, str(scratch))
    except MlflowException as error:
        reason = shorten(masked(str(error)), 200)
        raise RunError(
            Problem(run_id, f"no such run in {masked(store)} ({reason})", "give --uri, or the run directory")
        ) from error
    if not all((scratch / file).is_file() for file in _NEEDED):
        rule = f"has no {' and '.join(_NEEDED)} in {masked(store)}, so it is no run of tfrun's, or not sent to its end"
        raise RunError(Problem(run_id, rule, "name its run directory"))
    return scratch
