"""Optimizers: how a gradient changes a weight, by TensorFlow's fused kernels where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfrun.component import Component, setting

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class Optimizer(Component):
    """Protocol of the group: `build(learning_rate)` gives a Keras optimizer; `update`, where `fused`, does the same in one op."""

    learning_rate: float = setting(1e-3, "highest learning rate; the schedule scales it", gt=0)

    def build(self, learning_rate: Any) -> keras.Optimizer:
        """learning_rate: a float or a Keras schedule, step -> rate."""
        raise NotImplementedError

    @property
    def slots(self) -> tuple[str, ...]:
        """What is kept beside each weight, zero at first. Only read where `fused`."""
        return ()

    @property
    def fused(self) -> bool:
        """Does this class have an `update` of its own? Otherwise the Keras optimizer does the work."""
        return type(self).update is not Optimizer.update

    def update(self, variable: tf.Variable, slots: list[tf.Variable], gradient: tf.Tensor, rate: tf.Tensor, count: tf.Tensor):
        """Changes `variable` and its `slots` in place.

        rate: float32 scalar. count: float32 scalar, the how manieth update of this variable it is, from 1.
        """
        raise NotImplementedError


def power(base: float, count: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.pow(tf.constant(base, tf.float32), count)
