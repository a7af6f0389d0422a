"""The transform that suits the kind of input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.component import setting
from tfrun.transform import Transform
from tfrun.transform.image import Image, ImageSize
from tfrun.transform.table import Table

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data


class Auto(Transform):
    """Pictures are resized and scaled to [0, 1] (see `transform=image`); columns of a table become numbers (`transform=table`)."""

    image_size: ImageSize | None = setting(
        None,
        "pictures: height and width, or one number for a square; null: the size that the backbone was made for",
        unit="pixels",
    )

    def build(self, data: Data, backbone: Backbone):
        kinds = {
            "image": Image(image_size=self.image_size),
            "table": Table(),
        }
        return kinds[data.kind].build(data, backbone)
