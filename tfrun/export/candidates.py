"""Files of one quantized variant, of which the best on the validation split is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrun.export import Source
from tfrun.export.trained import Worth

if TYPE_CHECKING:
    from tfrun.export.tflite import TFLite

KEPT, REFIT, BACKBONE = "kept", "refit", "backbone"


@dataclass(frozen=True)
class Candidate:
    """One file. basis: the float model it was made of. in_float: outputs of ops that were left in float32 to keep more.

    foreign: ops that must not be there. worth: None where it was not measured, or does not run.
    """

    path: Path
    basis: Path
    head: str
    foreign: tuple[str, ...] = ()
    in_float: tuple[str, ...] = ()
    worth: Worth | None = None

    def told(self) -> dict[str, Any]:
        retention = None if self.worth is None else round(self.worth.retention, 4)
        return {
            "head": self.head,
            "ops_in_float": len(self.in_float),
            "bytes": self.path.stat().st_size,
            "retention": retention,
        }


class Candidates:
    """`choose()` gives the best one, in the source's scratch folder; `details` is for its artifact.

    Of a variant: `made` makes a file of a SavedModel's signature, `improved` may look for a better one. head: keep or refit.
    """

    variant: str

    def __init__(self, target: TFLite, source: Source, about: dict[str, Any], head: str):
        self.target, self.source, self.about, self._head = target, source, about, head
        self.curve: list[dict[str, Any]] = []

    def made(self, head: str, saved_model: Path, signature: str, about: dict[str, Any] | None) -> Candidate:
        """Raises Failed."""
        raise NotImplementedError

    def improved(self, best: Candidate) -> Candidate:
        return best

    def choose(self) -> Candidate:
        """Raises Failed where a file cannot be made."""
        source = self.source
        plain = self.made(KEPT, source.saved_model, source.signature, self.about)
        if source.trained is None or not source.trained.has_validation:
            return plain
        best = self.measured(plain)
        if self._head == "refit" and source.trained.can_refit:
            best = better(best, self.measured(self._refit()))
        return self.improved(best)

    def measured(self, candidate: Candidate) -> Candidate:
        """On the validation split, through LiteRT; noted in the curve."""
        try:
            candidate = replace(candidate, worth=self.source.trained.worth(candidate.path, self.source.signature))
            self.curve.append(candidate.told())
        except RuntimeError as error:
            self.curve.append({**candidate.told(), "failed": f"does not run: {error}"})
        return candidate

    def details(self, chosen: Candidate) -> dict[str, Any]:
        refit = (
            f"fitted again on the features of the {self.variant} backbone: not the head behind weights_sha256 of result.json"
        )
        return {
            "head": refit if chosen.head == REFIT else "as trained",
            "ops_in_float": list(chosen.in_float),
            "validation": self.curve or "no validation split: nothing was measured or chosen",
        }

    def scratch(self, name: str) -> Path:
        return self.source.scratch / f"{self.variant}_{name}"

    def _refit(self) -> Candidate:
        """The same model with a head that knows what this variant makes of the features."""
        from tfrun.export import module
        from tfrun.export.refit import refit

        source = self.source
        backbone = self.made(BACKBONE, source.saved_model, module.FEATURES, None)
        features = source.trained.answers(backbone.path, module.FEATURES, "train", module.FEATURES)
        module.save(refit(source.trained, features), self.scratch("refit_saved_model"))
        return self.made(REFIT, self.scratch("refit_saved_model"), source.signature, self.about)


def better(one: Candidate, other: Candidate) -> Candidate:
    """The one that is worth more on the validation split; where that is the same, the first one."""
    if one.worth is None or other.worth is None:
        return one if other.worth is None else other
    return other if other.worth.beats(one.worth) else one
