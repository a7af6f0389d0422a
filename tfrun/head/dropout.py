"""Dropout whose mask is a function of the seed and the step, not of a hidden counter."""

from __future__ import annotations

import keras
import tensorflow as tf

from tfrun.training.moment import now


@keras.saving.register_keras_serializable("tfrun")
class Dropout(keras.layers.Layer):
    """Drops `rate` of the inputs in training and scales the rest (Srivastava et al., 2014).

    Each row of the whole batch has its own mask: it does not matter how many devices share the batch, nor how often the
    run was stopped on the way. Outside of a training step it does nothing.
    """

    def __init__(self, rate: float, seed: int, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed

    def call(self, inputs, training=False):
        """inputs: [rows, columns] or more axes, of any float type."""
        moment = now()
        if not training or moment is None:
            return inputs
        flat = tf.reshape(inputs, [tf.shape(inputs)[0], -1])
        kept = self._bits(moment.step, moment.first, tf.shape(flat)) >= tf.constant(int(self.rate * 2**32), tf.uint32)
        mask = tf.reshape(tf.cast(kept, inputs.dtype), tf.shape(inputs))
        return inputs * mask / tf.cast(1.0 - self.rate, inputs.dtype)

    def _bits(self, step, first, shape) -> tf.Tensor:
        """uint32 [rows, columns]: a hash of seed, step, row and column. TensorFlow's generators differ between kernels and XLA."""
        key = _mixed(_mixed(tf.constant(self.seed % 2**32, tf.uint32)) ^ tf.cast(step, tf.uint32))
        rows = _mixed(key ^ tf.cast(first + tf.range(shape[0]), tf.uint32))
        return _mixed(rows[:, None] + tf.cast(tf.range(shape[1]), tf.uint32)[None])

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def _mixed(bits: tf.Tensor) -> tf.Tensor:
    """uint32 to uint32: the finalizer of MurmurHash3 (Appleby, 2011), in which each bit depends on all."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return bits ^ tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))
