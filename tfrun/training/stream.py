"""Training batches: an endless stream in which each pass over the rows has its own order.

The order of pass p is a function of (seed, p) alone and batches run on over the end of a pass, so that every batch
has the same shape and any step's batch can be told without the steps before it.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def positions(rows: int, seed: int) -> tf.data.Dataset:
    """int64 positions 0 … rows-1, shuffled anew in each pass, for ever."""

    def one_pass(number):
        order = tf.random.experimental.stateless_shuffle(tf.range(rows, dtype=tf.int64), seed=[seed, number])
        return tf.data.Dataset.from_tensor_slices(order)

    return tf.data.Dataset.counter(dtype=tf.int64).flat_map(one_pass)


def feature_batches(features: np.ndarray, labels: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """(float32 [batch, ...], int32 [batch]) from features that are in memory."""
    with tf.device("/CPU:0"):
        held, answers = tf.constant(features), tf.constant(labels)
    batches = positions(len(labels), seed).batch(batch_size, drop_remainder=True)
    return batches.map(lambda rows: (tf.gather(held, rows), tf.gather(answers, rows))).prefetch(tf.data.AUTOTUNE)


def input_batches(model, split, augment, batch_size: int, seed: int) -> tf.data.Dataset:
    """(float32 inputs [batch, ...], int32 [batch]): read, transformed, augmented with a seed a batch."""
    batches = model.inputs(split, positions(len(split), seed)).batch(batch_size, drop_remainder=True)

    def augmented(number, batch):
        inputs, labels = batch
        return augment.apply(inputs, tf.stack([seed, tf.cast(number, tf.int32)])), labels

    return batches.enumerate().map(augmented, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
