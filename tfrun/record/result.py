"""`result.json`: what a run reached, for people and programs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfrun.config.problems import Problem, RunError
from tfrun.disk import write_atomically
from tfrun.export import Artifact
from tfrun.gate import Verdict
from tfrun.provenance.secrets import masked_values


@dataclass
class Result:
    """metrics: {split: {name: value}}. slices: {split: {column: {value: {name: value}}}}. durations: seconds by stage.

    intervals: {split: {name: [low, high]}}, 95 %, None where not defined. worst_slices: test slices that are worse than the
    rest, where `evaluation.slices` has auto. calibration: of the test split, and the temperature. thresholds: see evaluation.threshold.
    advice: see tfrun.advise. robustness: {corruption: {strength: {metric: number}}}. also: metrics of evaluation.also.
    primary: the metric of evaluation.primary. champion: see gate.champion. throughput: rows a second by stage. verdict: None until judged. error: one line, where the run did not finish.
    """

    name: str
    directory: Path
    seed: int
    status: Literal["running", "done", "checked", "paused", "failed", "interrupted"] = "running"
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    slices: dict[str, Any] = field(default_factory=dict)
    intervals: dict[str, dict[str, Any]] = field(default_factory=dict)
    worst_slices: list[dict[str, Any]] = field(default_factory=list)
    calibration: dict[str, Any] = field(default_factory=dict)
    thresholds: list[dict[str, Any]] = field(default_factory=list)
    robustness: dict[str, Any] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)
    primary: str = ""
    champion: dict[str, Any] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    throughput: dict[str, float] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    verdict: Verdict | None = None
    weights_sha256: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, Any] = field(default_factory=dict)
    backbone: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    determinism: dict[str, str] = field(default_factory=dict)
    initial_weights_sha256: str = ""  # of the head
    licences: dict[str, Any] = field(default_factory=dict)
    repeat: dict[str, Any] = field(default_factory=dict)
    advice: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @classmethod
    def of(cls, content: dict[str, Any], directory: Path) -> Result:
        """What `read` gave, as an object again."""
        known = {key: value for key, value in content.items() if key in cls.__dataclass_fields__}
        artifacts = [Artifact(**fields) for fields in content["artifacts"]]
        return cls(**{**known, "directory": directory, "artifacts": artifacts, "verdict": Verdict(**content["verdict"])})

    @property
    def exit_code(self) -> int:
        """0 done and blessed, 1 not done, 3 done and not blessed."""
        if self.status != "done":
            return 1
        return 0 if self.verdict is None or self.verdict.blessed else 3

    def as_dict(self) -> dict[str, Any]:
        content = {**vars(self), "directory": str(self.directory)}
        content["artifacts"] = [artifact.as_dict() for artifact in self.artifacts]
        content["verdict"] = (
            self.verdict.as_dict() if self.verdict else {"blessed": False, "reasons": [self.error or "not judged"]}
        )
        return masked_values(finite(content))

    def write(self) -> None:
        write_atomically(self.directory / "result.json", json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n")


def read(directory: Path) -> dict[str, Any]:
    """The result of a run, as plain values. Raises RunError when there is none, or half of one."""
    path = directory / "result.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            Problem(str(directory), "holds no result.json: the run did not finish, or this is no run directory")
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(Problem(str(path), f"cannot be read ({error})")) from error


def finite(value: Any) -> Any:
    """NaN is no JSON: an undefined figure is null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
