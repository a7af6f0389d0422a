"""TensorFlow Lite (LiteRT) flatbuffers, in up to six precisions."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from tfrun.apart import Failed
from tfrun.component import setting
from tfrun.config.extras import needed
from tfrun.config.problems import Problem
from tfrun.export import Artifact, Source
from tfrun.export.conversion import InVariants
from tfrun.export.tflite_int4 import PACKAGE, Int4
from tfrun.export.tflite_int8 import Int8

Variant = Literal["float32", "float16", "dynamic", "int8", "int16x8", "int4"]
_CALIBRATED = {"int8", "int16x8"}  # need representative rows
_AT_ONCE = 2  # conversions: each of them is busy on one core most of the time


class TFLite(InVariants):
    """For phones and small devices: raw inputs, float32 probabilities, builtin ops only; labels and metadata inside.

    These runtimes have no strings: where an input is one, the files answer the signature `numeric`, which takes numbers and
    indices into the vocabularies that `exports/contract.json` lists.
    """

    variants: list[Variant] = setting(
        lambda: ["float32", "float16", "dynamic", "int8"],
        "float32; float16 weights; dynamic: int8 weights; int8: int8 weights and activations; int16x8: int8 weights, int16 activations; "
        "int4: int4 and int8 weights", min_length=1,
    )  # fmt: skip
    representative_examples: int = setting(200, "training rows that ranges of integers are fitted on", unit="rows", ge=1)
    int8: Int8 = setting(Int8, "how int8.tflite is made")
    int4: Int4 = setting(Int4, "how int4.tflite is made")

    @property
    def target(self) -> str:
        return "tflite"

    def problems(self, key: str) -> list[Problem]:
        return needed(f"{key}.variants", "int4", PACKAGE, value="int4") if "int4" in self.variants else []

    def write(self, source: Source) -> list[Artifact]:
        from tfrun.export import representative

        (source.run_directory / "exports" / "tflite").mkdir(parents=True, exist_ok=True)
        rows = source.scratch / "representative.rows"
        if _CALIBRATED & set(self.variants):
            representative.write(source, self.representative_examples, rows)
        slowest_first = sorted(dict.fromkeys(self.variants), key=lambda variant: variant not in ("int8", "int4"))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = dict(zip(slowest_first, pool.map(lambda variant: self._write(variant, source, rows), slowest_first)))
        return [made[variant] for variant in dict.fromkeys(self.variants)]

    def _write(self, variant: str, source: Source, rows: Path) -> Artifact:
        path = f"exports/tflite/{variant}.tflite"
        makers = {"int8": self._int8, "int4": self._int4}
        try:
            foreign, details = makers.get(variant, self._plain)(variant, source, rows, source.run_directory / path)
        except Failed as error:
            return Artifact(
                self.target, variant, path, "litert", reasons=[f"cannot be converted: {error}"], signature=source.signature
            )
        reasons = [f"holds ops that a plain interpreter cannot run: {', '.join(foreign)}"] if foreign else []
        return Artifact(self.target, variant, path, "litert", reasons=reasons, signature=source.signature, details=details)

    def _plain(self, variant: str, source: Source, rows: Path, path: Path) -> tuple[list[str], dict[str, Any]]:
        foreign = self.convert(
            "tfrun.export.tflite_file:write", saved_model=str(source.saved_model), signature=source.signature, variant=variant,
            rows=str(rows), path=str(path), about=about(source),
        )  # fmt: skip
        return foreign, {}

    def _int8(self, variant: str, source: Source, rows: Path, path: Path) -> tuple[list[str], dict[str, Any]]:
        from tfrun.export.int8_files import Int8Files

        files = Int8Files(self, source, rows, about(source))
        chosen = files.choose()
        shutil.move(chosen.path, path)
        return chosen.foreign, files.details(chosen)

    def _int4(self, variant: str, source: Source, rows: Path, path: Path) -> tuple[list[str], dict[str, Any]]:
        from tfrun.export.int4_files import Int4Files

        files = Int4Files(self, source, about(source))
        chosen = files.choose()
        shutil.move(chosen.path, path)
        return chosen.foreign, files.details(chosen)


def about(source: Source) -> dict[str, Any]:
    """What the files tell of themselves, see tflite_metadata."""
    inside = source.contract["normalisation"]
    return {
        "name": source.name,
        "description": inside["note"],
        "labels": source.contract["labels"],
        "inputs": source.contract["signatures"][source.signature]["inputs"],
        "image_size": inside.get("image_size"),
    }
