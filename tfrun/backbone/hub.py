"""A pretrained module in TF2 Hub (SavedModel) format."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import field_validator

from tfrun.backbone import Backbone, BackboneFacts, handles
from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.provenance.licences import licence_in
from tfrun.provenance.spdx import checked
from tfrun.transform.image import ImageSize


class Hub(Backbone):
    """A TF Hub or Kaggle handle, a local folder, an archive (.tar.gz) or `sample:NAME`.

    Modules take float32 pictures [batch, height, width, channels], sounds [batch, samples] or strings [batch], and give
    features [batch, size], or feature maps, which are averaged over height and width.
    """

    handle: str = setting(help="where the module is: folder, file://, .tar.gz, https:// (TF Hub, Kaggle), sample:NAME")
    trainable: bool | None = setting(None, "null: as `training` asks; false: never unfrozen; true: refuse to run frozen")
    signature: str | None = setting(None, "signature to call; null: the module itself, else its `serving_default`")
    output_key: str | None = setting(None, "which output, where the module has several")
    arguments: dict[str, Any] = setting(dict, "further keyword arguments of the module's call")
    value_range: tuple[float, float] = setting((0.0, 1.0), "range of pixel values that the module was trained on")
    image_size: ImageSize | None = setting(None, "height and width that the module was made for", unit="pixels")
    licence: str = setting(
        "unknown", "licence of the weights: an SPDX expression; unknown: what a file LICENSE of the module says"
    )

    @field_validator("handle")
    @classmethod
    def _is_there(cls, value: str) -> str:
        problem = handles.problem_with(value)
        if problem:
            raise ValueError(f"{problem.rule}; {problem.way_out}")
        return value

    @field_validator("licence", mode="before")
    @classmethod
    def _licence_is_spdx(cls, value: str | None) -> str:
        return checked(value)

    @field_validator("value_range")
    @classmethod
    def _ascends(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError("must ascend, like [-1, 1]")
        return value

    def preferred_size(self) -> tuple[int, int]:
        return self.image_size or (224, 224)

    def refuses_training(self) -> Problem | None:
        if self.trainable is False:
            return Problem("backbone.trainable", "keeps the backbone frozen", "remove it, or use training=frozen", False)
        if self.signature:
            return Problem(
                "backbone.signature", "a signature cannot be fine-tuned", "remove it, or use training=frozen", self.signature
            )
        return None

    def build(self, input_shape, scope=nullcontext):
        from tfrun.backbone.layer import HubLayer

        folder = handles.resolve(self.handle)
        with scope():
            layer = HubLayer(
                str(folder), signature=self.signature, output_key=self.output_key, arguments=self.arguments,
                value_range=self.value_range, name="backbone",
            )  # fmt: skip
        # Outside of the scope: inside, a module that was loaded there has placeholders for its weights.
        self._try_once(layer, input_shape)
        facts = BackboneFacts(
            self.handle, handles.version(self.handle), self._licence(folder), handles.digest(folder), layer.count_params(),
            {"fine_tunable": layer.fine_tunable, "variables": len(layer.variables), "value_range": list(self.value_range)},
        )  # fmt: skip
        return layer, facts

    def identity(self):
        digest = handles.digest(handles.resolve(self.handle))
        called = self.model_dump(mode="json", include={"signature", "output_key", "arguments", "value_range"})
        return {"sha256": digest, **called}

    def described(self, facts: BackboneFacts) -> BackboneFacts:
        licence = self._licence(handles.resolve(self.handle))
        return replace(facts, handle=self.handle, version=handles.version(self.handle), licence=licence)

    def _try_once(self, layer, input_shape: tuple[int, ...]) -> None:
        """One row through the module, so that what it refuses is told before anything is trained."""
        import tensorflow as tf

        from tfrun.backbone.layer import compiled

        wanted, dtype = layer.input_shape_wanted, "float32" if input_shape else "string"
        if layer.input_dtype_wanted in ("string", "float32") and layer.input_dtype_wanted != dtype:
            takes, gives = ("numbers", "texts") if dtype == "string" else ("texts", f"numbers {list(input_shape)}")
            rule = f"takes {takes}, and the transform gives {gives}"
            raise RunError(Problem("backbone.handle", rule, "choose a module for this kind of data", self.handle))
        if wanted is not None and not wanted.is_compatible_with(input_shape):
            raise self._refused(input_shape, f"it takes {wanted.as_list()}", wanted.as_list())
        try:
            features = compiled(layer, input_shape, dtype)(tf.zeros((1, *input_shape), dtype))
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise self._refused(input_shape, _reason(error)) from error
        if features.shape.rank not in (2, 4) or not features.dtype.is_floating:
            rule = f"gives {features.dtype.name} {list(features.shape)}, not features [batch, size] or [batch, height, width, size]"
            raise RunError(
                Problem("backbone.handle", rule, "choose a feature-vector module or set backbone.output_key", self.handle)
            )

    def _refused(self, input_shape: tuple[int, ...], reason: str, wanted: list[int | None] | None = None) -> RunError:
        rule = f"the module {self.handle} refuses this input ({reason})"
        if len(input_shape) != 3 or (wanted is not None and len(wanted) != 3):
            rule = f"refuses what the transform gives, {list(input_shape)} ({reason})"
            return RunError(Problem("backbone.handle", rule, "choose a module for this kind of data", self.handle))
        if input_shape[-1] == 1:
            return RunError(Problem("dataset.channels", rule, "most modules take RGB: set dataset.channels=3", 1))
        way_out = f"try the size that the module was made for, {list(self.preferred_size())}, and see its documentation"
        if wanted:
            way_out = f"set transform.image_size={str(wanted[:2]).replace(' ', '')}"
        return RunError(Problem("transform.image_size", rule, way_out, list(input_shape[:2])))

    def _licence(self, folder: Path) -> str:
        return self.licence if self.licence != "unknown" else licence_in(folder)


def _reason(error: Exception) -> str:
    """The line of TensorFlow's message that names shapes or keys, which is seldom the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [
        line for line in lines if any(word in line.lower() for word in ("shape", "dimension", "size", "expected", "must be"))
    ]
    return ((telling or lines or [type(error).__name__])[0])[:200]
