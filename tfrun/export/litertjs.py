"""TFLite files for LiteRT.js, with a page that runs them."""

from __future__ import annotations

from typing import Any, Literal

from tfrun.apart import Failed
from tfrun.component import setting
from tfrun.export import Artifact, Source
from tfrun.export.conversion import InVariants

Variant = Literal["float32", "dynamic", "int8"]
_SAYS = {
    "float32": "weights as they were trained",
    "dynamic": "weights in 8 bits",
    "int8": "weights and activations in 8 bits",
}


class LiteRTJS(InVariants):
    """For browsers, with LiteRT.js: files that answer one row of fixed shape; `demo/index.html` is a page that predicts.

    LiteRT.js takes no batches of unknown size, and neither int8 inputs nor outputs: pictures are float32 of the size that the
    transform makes, brought there by the page, and probabilities are float32. The page needs a static file server.
    """

    variants: list[Variant] = setting(
        lambda: ["float32", "dynamic", "int8"],
        "float32; dynamic: int8 weights; int8: int8 weights and activations inside", min_length=1,
    )  # fmt: skip
    representative_examples: int = setting(200, "training rows that int8 ranges are fitted on", unit="rows", ge=1)

    @property
    def target(self) -> str:
        return "litertjs"

    def write(self, source: Source) -> list[Artifact]:
        from tfrun.export import page, representative

        (source.run_directory / "exports" / "litertjs").mkdir(parents=True, exist_ok=True)
        rows = source.scratch / "representative.web.rows"
        if "int8" in self.variants:
            representative.write(source, self.representative_examples, rows)
        artifacts = [self._write(variant, source, str(rows)) for variant in dict.fromkeys(self.variants)]
        made = {artifact.variant: artifact for artifact in artifacts if not artifact.reasons}
        if made:
            variants = {name: says for name, says in _SAYS.items() if name in made}
            paths = {name: source.run_directory / artifact.path for name, artifact in made.items()}
            page.write(source, self.target, variants, paths, next(iter(made.values())).details)
        return artifacts

    def _write(self, variant: str, source: Source, rows: str) -> Artifact:
        path = f"exports/litertjs/{variant}.tflite"
        size = source.contract["normalisation"].get("image_size")
        reasons: list[str] = []
        details: dict[str, Any] = {}
        try:
            made = self.convert(
                "tfrun.export.litertjs_file:write", saved_model=str(source.saved_model), signature=source.signature,
                variant=variant, rows=rows, path=str(source.run_directory / path), image_size=size,
            )  # fmt: skip
            if made["foreign"]:
                reasons.append(f"holds ops that a plain interpreter cannot run: {', '.join(made['foreign'])}")
            details = {"resize": made["resize"]} if size else {}
        except Failed as error:
            reasons.append(f"cannot be converted: {error}")
        return Artifact(self.target, variant, path, "litertjs", reasons=reasons, signature=source.signature, details=details)
