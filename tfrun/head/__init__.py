"""Heads: layers from features to one logit a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tfrun.component import Component, setting

if TYPE_CHECKING:
    import keras

    from tfrun.transform.layout import Block


class Head(Component):
    """Protocol of the group: `build(feature_shape, classes, seed)` gives a built Keras model, features -> logits.

    reads_columns: it wants to know which features belong to which input of a table, and has `build_on`.
    """

    reads_columns: ClassVar[bool] = False
    dropout: float = setting(0.0, "share of features dropped in training, before the last layer", unit="share", ge=0, lt=1)
    l2: float = setting(0.0, "weight of the squared kernels in the loss", ge=0)

    def build(self, feature_shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        """feature_shape: without the batch axis; feature maps [height, width, size] are averaged first."""
        raise NotImplementedError

    @property
    def needs_maps(self) -> bool:
        """True: features have to be maps."""
        return False

    def build_on(self, columns: tuple[Block, ...], feature_shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        """As `build`, told what the features are. columns: empty where nobody knows, as with those of a backbone."""
        return self.build(feature_shape, classes, seed)

    def _stack(
        self, feature_shape: tuple[int, ...], classes: int, seed: int, hidden: list, maps: tuple | list = ()
    ) -> keras.Model:
        """maps: layers before the average over height and width; hidden: after it."""
        import keras

        layers = [keras.Input(feature_shape, name="features"), *maps]
        if len(feature_shape) == 3:
            layers.append(keras.layers.GlobalAveragePooling2D())
        layers += hidden
        if self.dropout:
            layers.append(_dropout(self.dropout, seed))
        layers.append(self._dense(classes, seed, "logits"))
        return keras.Sequential(layers, name="head")

    def _dense(self, units: int, seed: int, name: str, activation: str | None = None):
        import keras

        return keras.layers.Dense(
            units, activation=activation, name=name, kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            kernel_regularizer=keras.regularizers.L2(self.l2) if self.l2 else None,
        )  # fmt: skip


def _dropout(rate: float, seed: int):
    from tfrun.head.dropout import Dropout

    return Dropout(rate, seed)
