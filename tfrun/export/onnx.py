"""ONNX, for ONNX Runtime and what else reads it."""

from __future__ import annotations

from tfrun.apart import Failed
from tfrun.component import setting
from tfrun.config.extras import needed
from tfrun.export import Artifact
from tfrun.export.conversion import Conversion


class ONNX(Conversion):
    """One float32 file, by tf2onnx: raw inputs, any number of rows; strings as in TFLite files. Needs the extra `onnx`."""

    opset: int = setting(18, "version of the operators; older runtimes want older ones", ge=13, le=18)
    max_difference: float = setting(
        1e-4,
        "largest difference from the trained model, of probabilities, or of numbers over the standard deviation of the labels",
        gt=0,
    )

    @property
    def target(self) -> str:
        return "onnx"

    def problems(self, key):
        return needed(key, "onnx", "tf2onnx", "onnx", "onnxruntime", value=self.target)

    def largest_difference(self, variant: str) -> float:
        return self.max_difference

    def write(self, source):
        path = "exports/onnx/model.onnx"
        (source.run_directory / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            reasons = self.convert(
                "tfrun.export.onnx_file:write", saved_model=str(source.saved_model), signature=source.signature,
                opset=self.opset, path=str(source.run_directory / path),
            )  # fmt: skip
        except Failed as error:
            reasons = [f"cannot be converted: {error}"]
        return [Artifact(self.target, "default", path, "onnx", reasons=reasons, signature=source.signature)]
