"""The loss of each row: cross-entropy, smoothed, focal, weighted, of mixed labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf


class Batch(NamedTuple):
    """One replica's share of a batch, as the stream gives it.

    inputs: float32 [rows, ...]. labels: int32 [rows]. weights: float32 [rows]. partners: int32 [rows], the labels that
    are mixed in, and share: float32 [rows], how much of a row is its own; both None where nothing is mixed.
    """

    inputs: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor
    partners: tf.Tensor | None = None
    share: tf.Tensor | None = None


@dataclass(frozen=True)
class Loss:
    """smoothing: Szegedy et al., "Rethinking the Inception Architecture", 2016. gamma: Lin et al., "Focal Loss", 2017."""

    smoothing: float = 0.0
    gamma: float = 0.0

    def __call__(self, batch: Batch, logits: tf.Tensor) -> tf.Tensor:
        """logits: float32 [rows, classes]. The weighted loss of each row, natural logarithm, float32 [rows]."""
        if self.smoothing == 0 and self.gamma == 0 and batch.share is None:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(batch.labels, logits) * batch.weights
        targets = self._targets(batch, tf.shape(logits)[1])
        if self.gamma == 0:
            return tf.nn.softmax_cross_entropy_with_logits(targets, logits) * batch.weights
        known = tf.nn.log_softmax(logits)
        return -tf.reduce_sum(targets * (1.0 - tf.exp(known)) ** self.gamma * known, axis=1) * batch.weights

    def _targets(self, batch: Batch, classes: tf.Tensor) -> tf.Tensor:
        targets = tf.one_hot(batch.labels, classes)
        if batch.share is not None:
            share = batch.share[:, None]
            targets = share * targets + (1.0 - share) * tf.one_hot(batch.partners, classes)
        return targets * (1.0 - self.smoothing) + self.smoothing / tf.cast(classes, tf.float32)
