"""No backbone: the head sees the transformed input."""

from __future__ import annotations

from contextlib import nullcontext

from tfrun.backbone import Backbone, BackboneFacts
from tfrun.component import setting
from tfrun.config.problems import Problem


class NoBackbone(Backbone):
    """The transformed input, flattened or as it is."""

    flatten: bool = setting(True, "false: maps stay maps, which head=conv needs and other heads average")

    def build(self, input_shape, scope=nullcontext):
        import keras

        layer = (keras.layers.Flatten if self.flatten else keras.layers.Identity)(name="backbone")
        layer.build((None, *input_shape))
        return layer, BackboneFacts(handle="none", version="none", licence="none")

    def identity(self):
        return {"flatten": self.flatten}

    def preferred_size(self) -> tuple[int, int]:
        return (32, 32)

    def refuses_training(self) -> Problem | None:
        return Problem("backbone", "has no weights to train", "use training=frozen, which trains the head", "none")
