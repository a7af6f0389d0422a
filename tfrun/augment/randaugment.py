"""RandAugment: a few operations, drawn anew for each picture, all at one magnitude (Cubuk et al., "RandAugment", 2020)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tfrun.augment import Augment
from tfrun.component import setting

Operation = Literal[
    "identity", "auto_contrast", "equalization", "rotation", "solarization", "color_degeneration", "posterization", "contrast",
    "brightness", "sharpness", "shear_x", "shear_y", "translation_x", "translation_y",
]  # fmt: skip


class RandAugment(Augment):
    """`count` operations for each picture, drawn from `operations`, each at `magnitude` and either sign."""

    count: int = setting(2, "operations one after the other; N in the paper", ge=1, le=8)
    magnitude: float = setting(9, "M in the paper; at 10 the ranges are those of AutoAugment", unit="tenths", ge=0, le=10)
    operations: list[Operation] = Field(
        default_factory=lambda: list(Operation.__args__), description="to draw from, each as likely", min_length=1
    )

    def apply(self, inputs, seed):
        """inputs: float32 [batch, height, width, channels] in [0, 1]; seed: int32 [2]."""
        import tensorflow as tf

        draws = tf.random.stateless_uniform([tf.shape(inputs)[0], self.count, 2], seed)
        if inputs.shape[0] == 1:  # as in the training stream, where a loop over rows would cost more than the operations
            return self._one(inputs[0], draws[0])[None]
        changed = tf.map_fn(lambda row: self._one(*row), (inputs, draws), fn_output_signature=inputs.dtype)
        return tf.ensure_shape(changed, inputs.shape)

    def _one(self, image, draws):
        """image: float32 [height, width, channels]. draws: float32 [count, 2] in [0, 1): which operation, which sign."""
        import tensorflow as tf

        from tfrun.augment.operations import OPERATIONS

        chosen = [OPERATIONS[name] for name in self.operations]
        for number in range(self.count):
            which = tf.cast(draws[number, 0] * len(chosen), tf.int32)
            level = tf.where(draws[number, 1] < 0.5, -1.0, 1.0) * (self.magnitude / 10)
            shape = image.shape
            branches = [lambda operation=operation, image=image, level=level: operation(image, level) for operation in chosen]
            image = tf.ensure_shape(tf.switch_case(tf.minimum(which, len(chosen) - 1), branches), shape)
        return image
