"""Gates: what must hold before the model may ship."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tfrun.component import Component
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    from tfrun.evaluation import Evaluation
    from tfrun.export import Artifact
    from tfrun.record.result import Result


@dataclass(frozen=True)
class Verdict:
    """May it ship? reasons: one line each for what does not hold, or for why it may."""

    blessed: bool
    reasons: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Gate(Component):
    """Protocol of the group: what is wrong with the model, and with each artifact, beyond the checks always made."""

    def model_reasons(self, result: Result) -> list[str]:
        """result: with metrics, slices, calibration, checks and champion. One line a rule that does not hold."""
        raise NotImplementedError

    def artifact_reasons(self, artifact: Artifact) -> list[str]:
        raise NotImplementedError

    def compared_with(self) -> str | None:
        """The model in use that the new one is asked beside: see gate.champion of `thresholds`."""
        return None

    def praise(self) -> str:
        """What holds, when nothing stands against it."""
        raise NotImplementedError

    def problems(self, evaluation: Evaluation, files: list[str]) -> list[Problem]:
        """files: names of the artifacts that the run will export."""
        return []


def judge(gate: Gate, result: Result, artifacts: list[Artifact]) -> tuple[list[Artifact], Verdict]:
    """The artifacts with the gate's reasons added, and the verdict over all of it."""
    judged = []
    for artifact in artifacts:
        reasons = [*artifact.reasons, *(gate.artifact_reasons(artifact) if artifact.passed else [])]
        judged.append(replace(artifact, passed=artifact.passed and not reasons, reasons=reasons))
    against = gate.model_reasons(result)
    against += [f"{artifact.name}: {reason}" for artifact in judged if not artifact.passed for reason in artifact.reasons]
    if against:
        return judged, Verdict(False, against)
    return judged, Verdict(
        True, [f"{len(judged)} of {len(judged)} exported files passed" if judged else "nothing was exported", gate.praise()]
    )
