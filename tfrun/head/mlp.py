"""Hidden layers, then one dense layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tfrun.component import setting
from tfrun.head import Head


def _layers(value: Any) -> Any:
    """One number is one layer; 0 is none, so that a search can leave it out: `head.units=choice(0,128,256)`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [value] if value else []
    return value


Units = Annotated[list[Annotated[int, Field(ge=1, le=65536)]], BeforeValidator(_layers)]


class Mlp(Head):
    """A multi-layer perceptron on the features."""

    units: Units = setting(lambda: [128], "width of each hidden layer, or one number for one layer; 0: none")
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
