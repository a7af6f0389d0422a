"""What a run says of its exports: they are taken further only as they were measured, and only where they passed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tfrun.config.problems import Problem, RunError, TfrunError
from tfrun.export.size import hash_of, size_of
from tfrun.record.result import read


class NotBlessed(TfrunError):
    """It was measured and found wanting (exit code 3)."""

    exit_code = 3


class _Artifact(BaseModel):
    target: str
    variant: str
    path: str
    sha256: str
    passed: bool
    reasons: list[str] = []
    peak_memory_bytes: int | None = None


class _Verdict(BaseModel):
    blessed: bool
    reasons: list[str] = []


class Evidence(BaseModel):
    """The part of a `result.json` that counts here. directory: of the run."""

    directory: Path
    name: str
    status: str
    seed: int
    weights_sha256: str
    metrics: dict[str, dict[str, float | None]]
    artifacts: list[_Artifact]
    verdict: _Verdict

    def artifact(self, target: str) -> _Artifact:
        """Raises RunError where the run has not exported it."""
        for artifact in self.artifacts:
            if artifact.target == target:
                return artifact
        there = ", ".join(dict.fromkeys(artifact.target for artifact in self.artifacts)) or "nothing"
        raise RunError(Problem(str(self.directory), f"has exported no `{target}` ({there})", f"run it with +export={target}"))

    def path(self, artifact: _Artifact) -> Path:
        return self.directory / artifact.path

    def demand_passed(self, artifact: _Artifact) -> None:
        """Raises RunError where the run did not finish, NotBlessed where it may not ship."""
        if self.status != "done":
            raise RunError(Problem(str(self.directory), "did not finish", "`python -m tfrun resume` goes on", self.status))
        reasons = artifact.reasons if not artifact.passed else [] if self.verdict.blessed else self.verdict.reasons
        if reasons or not artifact.passed:
            what = f"{artifact.target} did not pass" if not artifact.passed else "is not blessed"
            raise NotBlessed(Problem(str(self.directory), f"{what} ({'; '.join(reasons) or 'no reason given'})"))

    def demand_same_bytes(self, artifact: _Artifact, folder: Path | None = None) -> None:
        """folder: a copy of it. Raises RunError where they are not the bytes that were measured."""
        folder = folder or self.path(artifact)
        found = hash_of(folder)
        if not found:
            raise RunError(Problem(str(folder), "is gone or empty", "run the experiment again"))
        if found != artifact.sha256:
            rule = f"is not what was measured: its sha256 is {found[:12]}…, that in result.json {artifact.sha256[:12]}…"
            raise RunError(Problem(str(folder), rule, "run the experiment again"))

    def about(self) -> dict[str, Any]:
        """What the history of a repository keeps of the run."""
        return {
            "experiment": self.name, "directory": str(self.directory.resolve()), "seed": self.seed,
            "weights_sha256": self.weights_sha256, "metrics": self.metrics.get("test", {}), "verdict": self.verdict.reasons,
            "mlflow_run": _mlflow_run(self.directory),
        }  # fmt: skip


def evidence(directory: Path) -> Evidence:
    """directory: of a run, or `exports` or one target's folder in it. Raises RunError where there is no sound result."""
    candidates = [directory, directory.parent, directory.parent.parent]
    run = next((folder for folder in candidates if (folder / "result.json").is_file()), directory)
    result = read(run)
    try:
        return Evidence.model_validate({**result, "directory": run})
    except (ValidationError, TypeError) as error:
        what = f"{'.'.join(map(str, error.errors()[0]['loc']))}: " if isinstance(error, ValidationError) else ""
        what += error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise RunError(Problem(str(run / "result.json"), f"is damaged ({what})", "run the experiment again")) from error


def megabytes(folder: Path) -> str:
    return f"{size_of(folder) / 1e6:.1f} MB"


def _mlflow_run(directory: Path) -> str:
    """Empty where the run was not tracked, or not sent yet."""
    try:
        return str(json.loads((directory / "tracking.json").read_text(encoding="utf-8")).get("run_id", ""))
    except (OSError, ValueError, AttributeError):
        return ""
