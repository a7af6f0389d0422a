"""Training batches as an endless tf.data stream that is a function of (seed, step) alone.

Step s has the examples s·B … s·B + B - 1 (see `order`), and all that is random about example i comes from (seed, i).
So the stream can start at any step, and the global batches are the same however many replicas share them: replica r of R
gets rows r·B/R … of each batch, and input pipeline w of W serves the replicas w·R/W … and reads their rows only.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfrun.augment import Augment
from tfrun.augment.none import NoAugment
from tfrun.cores import cores
from tfrun.dataset.pipeline import without_autotune
from tfrun.training.order import partner_permutation, permutation
from tfrun.transform.batches import alone, augmented


def input_batches(
    model,
    split,
    augment: Augment,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    replicas: int = 1,
    pipelines: int = 1,
    pipeline: int = 0,
    weights: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Inputs read, transformed and augmented, in batches of b = batch_size / replicas rows for one replica each.

    weights: float32 [rows of the split]; None: ones. Yields (float32 inputs [b, ...], labels [b] or [b, classes], float32
    weights [b]); where `augment.mixes`, also the labels of the partners and the float32 share of the first [b],
    and weights are blended by that share. Raises ValueError where batch, replicas and pipelines do not divide.
    """
    rows, read = _column(split.positions, np.int64), split.read
    own = examples(len(split), batch_size, seed, first_step, replicas, pipelines, pipeline, augment)

    def changed(position, words):
        return augmented(alone(read(tf.gather(rows, position))), words, model.transform, augment)

    row = _row(changed, split.labels, weights, augment, seed)
    return _batched(own.map(row, num_parallel_calls=2 * cores()), batch_size // replicas)


def feature_batches(
    features,
    labels: np.ndarray,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    replicas: int = 1,
    pipelines: int = 1,
    pipeline: int = 0,
    weights: np.ndarray | None = None,
    augment: Augment | None = None,
    views: int = 1,
) -> tf.data.Dataset:
    """As `input_batches`, from features: an array [rows, ...], or an object whose `gather(positions)` gives their rows.

    augment: only what it mixes counts; features are taken as they are. views: `features` holds the rows so many times, one
    view after the other; each pass takes the next one.
    """
    augment = augment or NoAugment()
    own = examples(len(labels), batch_size, seed, first_step, replicas, pipelines, pipeline, augment)
    gather = _gatherer(features)
    answers, weighed, rows = *_labels_and_weights(labels, weights), len(labels)

    def batch(numbers, positions, *mixing):
        view = numbers // rows % views * rows
        inputs, answer, weight = gather(positions + view), tf.gather(answers, positions), tf.gather(weighed, positions)
        if not mixing:
            return inputs, answer, weight
        others, share = mixing
        inputs, share = augment.mix(inputs, gather(others + view), share, tf.zeros([2], tf.int32))
        weight = share * weight + (1 - share) * tf.gather(weighed, others)
        return inputs, answer, weight, tf.gather(answers, others), share

    return _served(own.batch(batch_size // replicas, drop_remainder=True).map(batch))


def examples(
    rows: int,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    replicas: int = 1,
    pipelines: int = 1,
    pipeline: int = 0,
    augment: Augment | None = None,
) -> tf.data.Dataset:
    """The examples of one input pipeline from `first_step` on, one by one.

    Yields (int64 number in the endless stream, int64 position in the split), and where `augment.mixes` also (int64
    position of the partner, float32 share).
    """
    if batch_size % replicas or replicas % pipelines or not 0 <= pipeline < pipelines:
        raise ValueError(f"batch of {batch_size} for {replicas} replicas on {pipelines} pipelines (this: {pipeline})")
    first, part = first_step * batch_size, batch_size // pipelines

    def one_pass(number):
        numbers = number * rows + tf.range(rows, dtype=tf.int64)
        columns = [numbers, permutation(rows, seed, number)]
        if augment is not None and augment.mixes:
            columns += [partner_permutation(rows, seed, number), augment.shares(rows, seed, number)]
        mine = (numbers >= first) & (numbers % batch_size // part == pipeline)
        return tf.data.Dataset.from_tensor_slices(tuple(tf.boolean_mask(column, mine) for column in columns))

    return tf.data.Dataset.counter(first // rows, dtype=tf.int64).flat_map(one_pass)


def _row(augmented, labels, weights, augment: Augment, seed: int):
    """The function of one example: its number, position and mixing -> its row of the batch."""
    answers, weighed = _labels_and_weights(labels, weights)

    def row(number, position, *mixing):
        words = tf.stack([tf.constant(seed, tf.int32), tf.cast(number, tf.int32)])
        inputs, answer, weight = augmented(position, words), tf.gather(answers, position), tf.gather(weighed, position)
        if not mixing:
            return inputs[0], answer, weight
        other, share = mixing
        partner = augmented(other, tf.random.experimental.stateless_fold_in(words, 1))
        inputs, shares = augment.mix(inputs, partner, share[None], words)
        weight = shares[0] * weight + (1 - shares[0]) * tf.gather(weighed, other)
        return inputs[0], answer, weight, tf.gather(answers, other), shares[0]

    return row


def _column(values: np.ndarray, dtype) -> tf.Tensor:
    with tf.device("/CPU:0"):
        return tf.constant(np.asarray(values, dtype))


def _labels_and_weights(labels: np.ndarray, weights: np.ndarray | None) -> tuple[tf.Tensor, tf.Tensor]:
    return _column(labels, labels.dtype), _column(np.ones(len(labels)) if weights is None else weights, np.float32)


def _gatherer(features):
    """Positions [b] -> float32 features [b, ...]."""
    if not hasattr(features, "gather"):
        held = _column(features, np.float32)
        return lambda positions: tf.gather(held, positions)
    shape = np.shape(features.gather(np.zeros(1, np.int64)))[1:]

    def gather(positions):
        found = tf.numpy_function(lambda asked: np.asarray(features.gather(asked), np.float32), [positions], tf.float32)
        return tf.ensure_shape(found, [positions.shape[0], *shape])

    return gather


def _batched(dataset: tf.data.Dataset, rows: int) -> tf.data.Dataset:
    return _served(dataset.batch(rows, drop_remainder=True))


def _served(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """With two batches ready."""
    return without_autotune(dataset.prefetch(2))
