"""Candidates for the int4 file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfrun.export import Source
from tfrun.export.candidates import Candidate, Candidates

if TYPE_CHECKING:
    from tfrun.export.tflite import TFLite


class Int4Files(Candidates):
    """Made from float32 files."""

    variant = "int4"

    def __init__(self, target: TFLite, source: Source, about: dict[str, Any]):
        super().__init__(target, source, about, target.int4.head)

    def made(self, head, saved_model, signature, about):
        path, basis = self.scratch(f"{head}.tflite"), self.scratch(f"{head}_float32.tflite")
        self.target.convert(
            "tfrun.export.tflite_file:write", saved_model=str(saved_model), signature=signature, variant="float32", rows="",
            path=str(basis), about=None,
        )  # fmt: skip
        foreign = self.target.convert(
            "tfrun.export.tflite_int4:quantize", float32=str(basis), share=self.target.int4.share, path=str(path), about=about
        )
        return Candidate(path, basis, head, tuple(foreign))
