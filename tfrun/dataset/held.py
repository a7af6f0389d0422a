"""Rows of an array for a TensorFlow graph: held by TensorFlow while it is small, fetched from a mapped file when it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_HELD = 2**28  # bytes


def rows_of(array: np.ndarray, held: int = _HELD) -> Callable:
    """int64 row or rows [n] -> array[rows], of numbers. held: bytes up to which TensorFlow gets a copy."""
    import tensorflow as tf

    if array.nbytes <= held:
        with tf.device("/CPU:0"):
            constant = tf.constant(np.asarray(array))
        return lambda rows: tf.gather(constant, rows)

    def fetch(rows):
        return np.ascontiguousarray(array[rows])

    def read(rows):
        values = tf.numpy_function(fetch, [rows], array.dtype, stateful=False)
        return tf.ensure_shape(values, [*rows.shape, *array.shape[1:]])

    return read
