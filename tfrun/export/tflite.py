"""TensorFlow Lite (LiteRT) flatbuffers, in four precisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from tfrun.apart import Failed
from tfrun.component import setting
from tfrun.export import Artifact, Source
from tfrun.export.conversion import Conversion

Variant = Literal["float32", "float16", "dynamic", "int8"]


class TFLite(Conversion):
    """For phones and small devices: raw inputs, float32 probabilities, builtin ops only.

    These runtimes have no strings: where an input is one, the files answer the signature `numeric`, which takes numbers and
    indices into the vocabularies that `exports/contract.json` lists.
    """

    variants: list[Variant] = setting(
        lambda: ["float32", "float16", "dynamic", "int8"],
        "float32; float16 weights; dynamic: int8 weights; int8: int8 weights and activations", min_length=1,
    )  # fmt: skip
    representative_examples: int = setting(200, "training rows that int8 ranges are fitted on", unit="rows", ge=1)
    max_difference: float = setting(1e-4, "largest difference of float32 probabilities from the trained model", gt=0)

    @property
    def target(self) -> str:
        return "tflite"

    def names(self):
        return [f"{self.target}/{variant}" for variant in dict.fromkeys(self.variants)]

    def largest_difference(self, variant: str) -> float | None:
        return self.max_difference if variant == "float32" else None

    def write(self, source: Source) -> list[Artifact]:
        from tfrun.export import representative

        (source.run_directory / "exports" / "tflite").mkdir(parents=True, exist_ok=True)
        rows = source.scratch / "representative.rows"
        if "int8" in self.variants:
            representative.write(source, self.representative_examples, rows)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda variant: self._write(variant, source, rows), dict.fromkeys(self.variants)))

    def _write(self, variant: str, source: Source, rows: Path) -> Artifact:
        path, signature = f"exports/tflite/{variant}.tflite", source.signature
        try:
            foreign = self.convert(
                "tfrun.export.tflite_file:write", saved_model=str(source.saved_model), signature=signature, variant=variant,
                rows=str(rows), path=str(source.run_directory / path),
            )  # fmt: skip
        except Failed as error:
            return Artifact(
                self.target, variant, path, "litert", reasons=[f"cannot be converted: {error}"], signature=signature
            )
        reasons = [f"holds ops that a plain interpreter cannot run: {', '.join(foreign)}"] if foreign else []
        return Artifact(self.target, variant, path, "litert", reasons=reasons, signature=signature)


_AT_ONCE = 2  # conversions: each of them is busy on one core most of the time
