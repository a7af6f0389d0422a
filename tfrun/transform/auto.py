"""The transform that suits the kind of input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.component import setting
from tfrun.transform import Transform
from tfrun.transform.audio import Audio
from tfrun.transform.image import Image, ImageSize
from tfrun.transform.table import Table
from tfrun.transform.text import Text
from tfrun.transform.vector import Vector

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data


class Auto(Transform):
    """Pictures, sounds, texts, tables and vectors each as by the transform of that name, with its defaults."""

    image_size: ImageSize | None = setting(
        None,
        "pictures: height and width, or one number for a square; null: the size that the backbone was made for",
        unit="pixels",
    )

    def build(self, data: Data, backbone: Backbone):
        kinds: dict[str, Transform] = {"image": Image(image_size=self.image_size), "audio": Audio(), "text": Text()}
        kinds |= {"table": Table(), "vector": Vector()}
        return kinds[data.kind].build(data, backbone)
