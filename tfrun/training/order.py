"""Which row is example i of the endless training stream: a function of (seed, i) alone.

Example i is element i % rows of pass i // rows; the order of pass p is a shuffle seeded with (seed, p). The partners of
augmentations that blend two rows follow a second order, seeded with (seed, -1 - p). Here both are numpy arrays for the
host; `stream` has the same numbers as a dataset.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf


def permutation(rows: int, seed: int, number) -> tf.Tensor:
    """int64 [rows]: the order of pass `number` (int64 scalar)."""
    words = tf.stack([tf.constant(seed, tf.int64), tf.cast(number, tf.int64)])
    return tf.random.experimental.stateless_shuffle(tf.range(rows, dtype=tf.int64), seed=words)


def partner_permutation(rows: int, seed: int, number) -> tf.Tensor:
    """int64 [rows]: the partners of pass `number`. Now and then a row is its own partner and stays as it is."""
    return permutation(rows, seed, -1 - tf.cast(number, tf.int64))


def order(rows: int, seed: int, first: int, count: int) -> np.ndarray:
    """int64 [count]: positions of the examples `first` … `first + count - 1`."""
    return _stretch(functools.partial(_pass, permutation), rows, seed, first, count)


def partners(rows: int, seed: int, first: int, count: int) -> np.ndarray:
    """int64 [count]: positions of those examples' partners."""
    return _stretch(functools.partial(_pass, partner_permutation), rows, seed, first, count)


def shares(augment, rows: int, seed: int, first: int, count: int) -> np.ndarray:
    """float32 [count]: what those examples keep of themselves under `augment`, as it was drawn (cutmix rounds to pixels)."""
    return _stretch(functools.partial(_pass, augment.shares), rows, seed, first, count)


def _stretch(of_pass: Callable, rows: int, seed: int, first: int, count: int) -> np.ndarray:
    parts = []
    while count > 0:
        number, offset = divmod(first, rows)
        parts.append(of_pass(rows, seed, number)[offset : offset + count])
        first, count = first + len(parts[-1]), count - len(parts[-1])
    return np.concatenate(parts) if parts else of_pass(rows, seed, 0)[:0]


@functools.lru_cache(maxsize=3)  # the current pass of the order, of the partners and of the shares
def _pass(make: Callable, rows: int, seed: int, number: int) -> np.ndarray:
    with tf.device("/CPU:0"):
        return make(rows, seed, tf.constant(number, tf.int64)).numpy()
