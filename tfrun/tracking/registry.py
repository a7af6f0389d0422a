"""MLflow's model registry: who is champion and who challenger, and a log of who made it so, when and why.

python -m tfrun.tracking.registry STORE NAME FOLDER    # copies the champion's files, in a process of its own
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tfrun.config.problems import Problem, RunError, nearest
from tfrun.ending import end
from tfrun.serving.lock import owner
from tfrun.tracking.store import Store

CHAMPION, CHALLENGER = "champion", "challenger"
_LOG = "tfrun.log."  # tags of the registered model: one an event, numbered
_PATIENCE = 120.0  # seconds that the champion's files may take


@dataclass(frozen=True)
class Moved:
    """What the champion is now, and was before."""

    name: str
    version: int
    before: int | None


class Registry:
    """uri: of the store. Raises RunError where it cannot be reached, or has no such model."""

    def __init__(self, uri: str):
        self.uri = uri
        try:
            self.client = Store(uri).client()
        except Exception as error:  # MLflow, SQLAlchemy and requests each have errors of their own
            rule = f"cannot be reached ({type(error).__name__})"
            raise RunError(Problem("registry", rule, "is it the tracking server's address, and does it run?", uri)) from error

    def challenge(self, name: str, version: int, run: str) -> None:
        """A new version that was blessed."""
        self.client.set_registered_model_alias(name, CHALLENGER, str(version))
        self._tell(name, "register", version, run=run)

    def promote(self, name: str, version: int | None, why: str) -> Moved:
        """version: None: the challenger."""
        model = self._model(name)
        aliases = {alias: int(number) for alias, number in model.aliases.items()}
        version = aliases.get(CHALLENGER) if version is None else version
        if version is None:
            raise RunError(Problem(name, "has no challenger", "name one with `--version N`"))
        run = self._run_of(name, version)
        before = aliases.get(CHAMPION)
        if before != version:
            self.client.set_registered_model_alias(name, CHAMPION, str(version))
            self._tell(name, "promote", version, before=before, why=why, run=run)
        return Moved(name, version, before)

    def rollback(self, name: str, why: str) -> Moved:
        """To the champion before this one."""
        aliases = self._model(name).aliases
        champions = _champions(self.log(name))
        if CHAMPION not in aliases or len(champions) < 2:
            raise RunError(Problem(name, "has no earlier champion", "`promote … --version N` names one"))
        version, before = champions[-2], int(aliases[CHAMPION])
        run = self._run_of(name, version)
        self.client.set_registered_model_alias(name, CHAMPION, str(version))
        self._tell(name, "rollback", version, before=before, why=why, run=run)
        return Moved(name, version, before)

    def log(self, name: str) -> list[dict[str, Any]]:
        """Events, oldest first: time, user, host, action, version, before, why, run."""
        tags = self._model(name).tags
        return [json.loads(tags[key]) for key in sorted(tags) if key.startswith(_LOG)]

    def _tell(self, name: str, action: str, version: int, **more: Any) -> None:
        who = {key: value for key, value in owner().items() if key != "pid"}
        event = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **who,
            "action": action,
            "version": version,
            **more,
        }
        number = len(self.log(name)) + 1
        self.client.set_registered_model_tag(name, f"{_LOG}{number:06d}", json.dumps(event, ensure_ascii=False))

    def _model(self, name: str):
        from mlflow.exceptions import MlflowException

        try:
            return self.client.get_registered_model(name)
        except MlflowException as error:
            known = [model.name for model in self.client.search_registered_models()]
            way_out = nearest(name, known) or "no run of it was blessed yet"
            raise RunError(Problem("name", "is no registered model", way_out, name)) from error

    def _run_of(self, name: str, version: int) -> str:
        """Of the run that the version came from."""
        from mlflow.exceptions import MlflowException

        try:
            return self.client.get_model_version(name, str(version)).run_id or ""
        except MlflowException as error:
            known = sorted(int(one.version) for one in self.client.search_model_versions(f"name = '{name}'"))
            raise RunError(Problem(name, f"has no version {version}", f"there are {', '.join(map(str, known))}")) from error


def _champions(log: list[dict[str, Any]]) -> list[int]:
    """Versions that were champion, the present one last, without those that were rolled back."""
    champions: list[int] = []
    for event in log:
        if event["action"] == "promote":
            champions.append(event["version"])
        elif event["action"] == "rollback":
            champions.pop()
    return champions


def fetch_champion(uri: str, name: str, folder: Path) -> tuple[str, Path] | None:
    """Copies the champion's `saved_model` and `contract.json` below `folder`. What it is called, and where it is; None: there is
    none. Raises RunError where the registry cannot be reached or its files are gone.

    MLflow is imported by a process of its own: a run does without its second and its memory.
    """
    command = [sys.executable, "-m", "tfrun.tracking.registry", uri, name, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise RunError(Problem("registry", f"gave no answer in {_PATIENCE:g} s", "", uri)) from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RunError(Problem("registry", "cannot be asked for the champion", said[-1][:300] if said else "", uri))
    found = json.loads(done.stdout.splitlines()[-1])
    return (found["name"], Path(found["folder"])) if found else None


def _fetch(uri: str, name: str, folder: str) -> dict[str, str] | None:
    import mlflow

    registry = Registry(uri)
    try:
        aliases = registry._model(name).aliases
    except RunError:
        return None
    if CHAMPION not in aliases:
        return None
    place = Path(mlflow.artifacts.download_artifacts(f"models:/{name}@{CHAMPION}", dst_path=folder)) / "artifacts"
    return {"name": f"{name} version {aliases[CHAMPION]}", "folder": str(place)}


if __name__ == "__main__":
    print(json.dumps(_fetch(*sys.argv[1:])))
    end(0)
