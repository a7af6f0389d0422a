"""Convolutions for maps, as a spectrogram is one, trained from nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.head import Head


class Conv(Head):
    """A small convolutional network on maps [height, width, channels]: `backbone=none backbone.flatten=false`."""

    channels: list[Annotated[int, Field(ge=1, le=4096)]] = setting(
        lambda: [16, 32, 64],
        "maps of each block: convolution, batch normalisation, ReLU, half the size",
        min_length=1,
        max_length=8,
    )
    kernel: int = setting(3, "height and width of the kernels", ge=1, le=31)

    @property
    def needs_maps(self) -> bool:
        return True

    def build(self, feature_shape, classes, seed):
        import keras

        if len(feature_shape) != 3:
            rule = f"needs maps [height, width, channels], and features are {list(feature_shape)}"
            raise RunError(Problem("head", rule, "use head=mlp, or backbone=none with backbone.flatten=false", "conv"))
        maps = [keras.layers.BatchNormalization(momentum=_MOMENTUM, name="scaled")]
        for number, size in enumerate(self.channels):
            first = keras.initializers.HeUniform(seed=seed + 1 + number)
            maps += [
                keras.layers.Conv2D(
                    size, self.kernel, padding="same", use_bias=False, kernel_initializer=first,
                    kernel_regularizer=keras.regularizers.L2(self.l2) if self.l2 else None, name=f"conv_{number}",
                ),
                keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm_{number}"),
                keras.layers.ReLU(),
                keras.layers.MaxPooling2D(2, padding="same"),
            ]  # fmt: skip
        return self._stack(feature_shape, classes, seed, [], maps)


_MOMENTUM = 0.9  # small data take few steps: with Keras's 0.99 the first guess would still be a third after 100
