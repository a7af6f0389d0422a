"""Pictures of any size to float32 in [0, 1] of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tfrun.component import setting
from tfrun.transform import Transform

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data


def _square(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | list | tuple):
        raise ValueError("must be one number of pixels, or [height, width]")
    return (value, value) if isinstance(value, int) else value


Side = Annotated[int, Field(ge=1, le=4096)]
ImageSize = Annotated[tuple[Side, Side], BeforeValidator(_square)]


class Image(Transform):
    """uint8 [batch, any height, any width, channels] to float32 [batch, height, width, channels] in [0, 1]."""

    kinds = ("image",)

    image_size: ImageSize | None = setting(
        None, "height and width, or one number for a square; null: the size that the backbone was made for", unit="pixels"
    )
    method: Literal["bilinear", "nearest"] = setting("bilinear", "interpolation; both exist in every export target")

    def build(self, data: Data, backbone: Backbone):
        import tensorflow as tf

        size = self.image_size or backbone.preferred_size()
        method, (picture,) = self.method, data.inputs

        class ImageTransform(tf.Module):
            """Resizes before it scales, as the exported graph does."""

            output_shape, output_dtype = (*size, picture.shape[-1]), "float32"
            says = "resizing and scaling are part of the graph: send pixels 0 … 255 of any height and width"

            def __call__(self, raw):
                resized = tf.image.resize(tf.cast(raw[picture.name], tf.float32), size, method=method)
                return resized / 255.0

        return ImageTransform(name="transform")
