"""Optimizers: Keras's own, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfrun.component import Component, setting

if TYPE_CHECKING:
    import keras


class Optimizer(Component):
    """Protocol of the group: `build(learning_rate)` gives a Keras optimizer."""

    learning_rate: float = setting(1e-3, "highest learning rate; the schedule scales it", gt=0)

    def build(self, learning_rate: Any) -> keras.Optimizer:
        """learning_rate: a float or a Keras schedule, step -> rate."""
        raise NotImplementedError
