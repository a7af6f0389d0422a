"""Candidates for the int8 file: what loses too much is left in float32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrun.apart import Failed
from tfrun.export import Source
from tfrun.export.candidates import Candidate, Candidates, better

if TYPE_CHECKING:
    from tfrun.export.tflite import TFLite


class Int8Files(Candidates):
    """rows: representative ones, see representative.py."""

    variant = "int8"

    def __init__(self, target: TFLite, source: Source, rows: Path, about: dict[str, Any]):
        super().__init__(target, source, about, target.int8.head)
        self.settings, self._rows = target.int8, str(rows)
        self._input_part: list[str] = []

    def made(self, head, saved_model, signature, about):
        basis = self.scratch(f"{head}.calibrated")
        part = self.target.convert(
            "tfrun.export.tflite_file:calibrate", saved_model=str(saved_model), signature=signature, rows=self._rows, path=str(basis)
        )  # fmt: skip
        self._input_part = part if self.settings.io == "float" else []
        return self._quantized(Candidate(self.scratch(f"{head}.tflite"), basis, head), about)

    def improved(self, best):
        """With 1, 2, 4, … of the ops that add most noise in float32, until enough is kept or the budget is spent."""
        ranked = [] if self._holds(best) or not self.settings.conversions else self._ranked(best)
        for number in range(self.settings.conversions):
            if self._holds(best) or 2**number >= 2 * len(ranked):
                break
            best = better(best, self._in_float(best, tuple(ranked[: 2**number])))
        return best

    def details(self, chosen):
        return {"io": self.settings.io, "input_part_in_float": len(self._input_part), **super().details(chosen)}

    def _holds(self, candidate: Candidate) -> bool:
        wanted = self.settings.retention
        return wanted is None or (candidate.worth is not None and candidate.worth.retention >= wanted)

    def _ranked(self, candidate: Candidate) -> list[str]:
        """Outputs of the ops that add most noise, the worst first, as far as there is room for their weights."""
        try:
            entries = self.target.convert(
                "tfrun.export.sensitivity:rank", calibrated=str(candidate.basis), quantized=str(candidate.path),
                signature=self.source.signature, rows=self._rows,
            )  # fmt: skip
        except Failed as error:
            self.curve.append({"failed": f"no ops could be ranked: {error}"})
            return []
        room, names = (self.settings.growth - 1) * candidate.path.stat().st_size, []
        for name, noise, more in entries:
            if noise > 0 and more <= room:
                names.append(name)
                room -= more
        return names

    def _in_float(self, candidate: Candidate, names: tuple[str, ...]) -> Candidate:
        path = self.scratch(f"{candidate.head}_{len(names)}.tflite")
        try:
            return self.measured(self._quantized(replace(candidate, path=path, in_float=names, worth=None), self.about))
        except Failed as error:
            self.curve.append({"head": candidate.head, "ops_in_float": len(names), "failed": str(error)})
            return replace(candidate, worth=None)

    def _quantized(self, candidate: Candidate, about: dict[str, Any] | None) -> Candidate:
        foreign = self.target.convert(
            "tfrun.export.tflite_file:quantize", calibrated=str(candidate.basis), in_float=[*self._input_part, *candidate.in_float],
            integer_io=self.settings.io == "integer", path=str(candidate.path), about=about,
        )  # fmt: skip
        return replace(candidate, foreign=tuple(foreign))
