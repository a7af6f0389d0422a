"""TensorFlow.js graph models, with a page that runs them."""

from __future__ import annotations

import shutil
from typing import Literal

from tfrun.apart import Failed
from tfrun.component import setting
from tfrun.export import Artifact, Source
from tfrun.export.conversion import InVariants

Variant = Literal["float32", "float16", "uint8"]
_SAYS = {
    "float16": "weights in half precision",
    "float32": "weights as they were trained",
    "uint8": "weights in 8 bits, one scale a tensor",
}


class TFJS(InVariants):
    """For browsers, with TensorFlow.js: `loadGraphModel` reads each folder; `demo/index.html` is a page that predicts.

    Browsers compute in float32 and int32: pixels are an int32 tensor there. Where an input is a string, the files answer the
    signature `numeric`, as TFLite files do. The page needs a static file server; opened as a file it runs one variant, which is
    in it.
    """

    variants: list[Variant] = setting(
        lambda: ["float32", "float16"],
        "how weights are stored: float32; float16; uint8: 8 bits with one scale a tensor, which costs some networks much accuracy",
        min_length=1,
    )  # fmt: skip
    embedded: bool = setting(True, "the page holds one variant once more, so that it also runs when it is opened as a file")

    @property
    def target(self) -> str:
        return "tfjs"

    def write(self, source: Source) -> list[Artifact]:
        artifacts = [self._write(variant, source) for variant in dict.fromkeys(self.variants)]
        self._write_page(source, [artifact.variant for artifact in artifacts if not artifact.reasons])
        return artifacts

    def _write(self, variant: str, source: Source) -> Artifact:
        path, reasons = f"exports/tfjs/{variant}", []
        folder = source.run_directory / path
        try:
            self.convert(
                "tfrun.export.tfjs_folder:write", saved_model=str(source.saved_model), signature=source.signature,
                variant=variant, folder=str(folder),
            )  # fmt: skip
        except Failed as error:
            shutil.rmtree(folder, ignore_errors=True)
            reasons.append(f"cannot be converted: {error}")
        return Artifact(self.target, variant, path, "tfjs", reasons=reasons, signature=source.signature)

    def _write_page(self, source: Source, made: list[str]) -> None:
        """The page shows the variant first that is half as large and hardly differs."""
        from tfrun.export import page

        if not made:
            return
        variants = {name: says for name, says in _SAYS.items() if name in made}
        paths = {name: source.run_directory / "exports/tfjs" / name for name in variants}
        folder = page.write(source, self.target, variants, paths, {})
        if self.embedded:
            first = next(iter(variants))
            page.embed(paths[first], folder, first)
