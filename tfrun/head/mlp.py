"""Hidden layers, then one dense layer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tfrun.component import setting
from tfrun.head import Head


class Mlp(Head):
    """A multi-layer perceptron on the features."""

    units: list[Annotated[int, Field(ge=1, le=65536)]] = setting(lambda: [128], "width of each hidden layer", min_length=1)
    activation: Literal["relu", "gelu", "swish", "tanh"] = setting("relu", "after each hidden layer")
    batch_norm: bool = setting(False, "normalise after each hidden layer")

    def build(self, feature_shape, classes, seed):
        return self._stack(feature_shape, classes, seed, self._hidden(seed))

    def _hidden(self, seed: int) -> list:
        """The layers before the last one."""
        import keras

        hidden = []
        for number, units in enumerate(self.units):
            hidden.append(self._dense(units, seed + 1 + number, f"hidden_{number}"))
            if self.batch_norm:
                hidden.append(keras.layers.BatchNormalization(name=f"norm_{number}"))
            hidden.append(keras.layers.Activation(self.activation))
        return hidden
