"""Mixed precision of layers, for a training step only, and the scale that keeps float16 gradients from vanishing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

_FIRST = 2.0**15
_GROWS_AFTER = 2000  # steps without overflow; both figures as in Micikevicius et al., "Mixed Precision Training", 2018


@contextmanager
def computing_in(precision: str, layers: list[keras.Layer]) -> Iterator[None]:
    """While a step is traced: `layers` compute in `precision`. Their weights, and what is measured and exported, are float32."""
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = keras.DTypePolicy(precision)
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


class LossScale:
    """The factor of the loss before gradients are taken: doubled now and then, halved when they overflow."""

    def __init__(self):
        self.factor = tf.Variable(_FIRST, trainable=False, name="factor")
        self.sound_steps = tf.Variable(0.0, trainable=False, name="sound_steps")

    @property
    def variables(self) -> dict[str, tf.Variable]:
        return {"factor": self.factor, "sound_steps": self.sound_steps}

    def update(self, finite: tf.Tensor) -> None:
        """finite: bool scalar, the same on all replicas."""
        factor, sound = read(self.factor), read(self.sound_steps) + 1.0
        grows = sound >= _GROWS_AFTER
        grown = tf.where(grows, factor * 2.0, factor)
        assign(self.factor, tf.where(finite, grown, tf.maximum(factor / 2.0, 1.0)))
        assign(self.sound_steps, tf.where(finite & ~grows, sound, 0.0))


def read(variable: tf.Variable) -> tf.Tensor:
    """The value of this replica's copy."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)


def assign(variable: tf.Variable, value: tf.Tensor) -> None:
    """To this replica's copy: all replicas assign the same."""
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)
