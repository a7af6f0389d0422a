"""Losses of several classes and of numbers equal Keras's, also of mixed labels."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrun.training.loss import Batch, BinaryCrossEntropy, NumberLoss

GENERATOR = np.random.default_rng(0)
LOGITS = tf.constant(GENERATOR.normal(size=(8, 3)).astype(np.float32))
SEVERAL = tf.constant(GENERATOR.integers(0, 2, (8, 3)).astype(np.uint8))
NUMBERS = tf.constant(GENERATOR.normal(50, 10, 8).astype(np.float32))
WEIGHTS = tf.constant(GENERATOR.random(8).astype(np.float32))


def one_by_one(loss, targets, logits) -> np.ndarray:
    return np.array([float(loss(targets[row : row + 1], logits[row : row + 1])) for row in range(8)]) * WEIGHTS.numpy()


@pytest.mark.parametrize(("smoothing", "gamma"), [(0.0, 0.0), (0.2, 0.0), (0.0, 2.0)])
def test_several_classes(smoothing, gamma):
    found = BinaryCrossEntropy(smoothing, gamma)(Batch(None, SEVERAL, WEIGHTS), LOGITS)
    options = {"from_logits": True, "label_smoothing": smoothing}
    peer = keras.losses.BinaryFocalCrossentropy(gamma=gamma, **options) if gamma else keras.losses.BinaryCrossentropy(**options)
    np.testing.assert_allclose(found, one_by_one(peer, tf.cast(SEVERAL, tf.float32), LOGITS), rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "peer", "factor"),
    [
        ("squared", keras.losses.MeanSquaredError(), 0.5),
        ("absolute", keras.losses.MeanAbsoluteError(), 1),
        ("huber", keras.losses.Huber(), 1),
    ],
)
def test_numbers_are_standardised(kind, peer, factor):
    found = NumberLoss(50.0, 10.0, kind)(Batch(None, NUMBERS, WEIGHTS), LOGITS[:, :1])
    np.testing.assert_allclose(found, factor * one_by_one(peer, (NUMBERS[:, None] - 50.0) / 10.0, LOGITS[:, :1]), rtol=1e-5)


def test_mixed_labels_lie_between():
    share = tf.constant(GENERATOR.random(8).astype(np.float32))
    other = tf.reverse(NUMBERS, [0])
    mixed = NumberLoss(0.0, 1.0)(Batch(None, NUMBERS, WEIGHTS, other, share), LOGITS[:, :1])
    plain = NumberLoss(0.0, 1.0)(Batch(None, share * NUMBERS + (1 - share) * other, WEIGHTS), LOGITS[:, :1])
    np.testing.assert_allclose(mixed, plain, rtol=1e-5)


def test_what_training_tells_is_in_the_unit_of_the_labels():
    told = NumberLoss(50.0, 10.0).tells(NUMBERS, LOGITS[:, :1])
    np.testing.assert_allclose(told, np.abs(50 + 10 * LOGITS[:, 0].numpy() - NUMBERS.numpy()), rtol=1e-5)
    right = BinaryCrossEntropy().tells(SEVERAL, LOGITS)
    np.testing.assert_array_equal(right, ((LOGITS.numpy() > 0) == SEVERAL.numpy()).all(axis=1))
