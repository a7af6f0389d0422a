"""No backbone: the head sees the transformed input."""

from __future__ import annotations

from contextlib import nullcontext

from tfrun.backbone import Backbone, BackboneFacts
from tfrun.config.problems import Problem


class NoBackbone(Backbone):
    """The transformed input, flattened."""

    def build(self, input_shape, scope=nullcontext):
        import keras

        layer = keras.layers.Flatten(name="backbone")
        layer.build((None, *input_shape))
        return layer, BackboneFacts(handle="none", version="none", licence="none")

    def identity(self):
        return {}

    def preferred_size(self) -> tuple[int, int]:
        return (32, 32)

    def refuses_training(self) -> Problem | None:
        return Problem("backbone", "has no weights to train", "use training=frozen, which trains the head", "none")
