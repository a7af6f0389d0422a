"""The loss of each row, weighted, of mixed labels: cross-entropy of one class or of several, or the error of a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import tensorflow as tf

from tfrun.task import Classification, Multilabel, Regression, Task

if TYPE_CHECKING:
    from tfrun.training import Training


class Batch(NamedTuple):
    """One replica's share of a batch, as the stream gives it.

    inputs: float32 [rows, ...]. labels: as the task has them (see `task.Task`). weights: float32 [rows]. partners: as labels, those
    that are mixed in, and share: float32 [rows], how much of a row is its own; both None where nothing is mixed.
    """

    inputs: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor
    partners: tf.Tensor | None = None
    share: tf.Tensor | None = None


class Loss:
    """Protocol: called with a batch and logits, float32 [rows, outputs], it gives the weighted loss of each row, float32 [rows].

    shown: what `tells` gives a row, a metric's name. as_measured: it is what the metric `loss` is of other rows.
    """

    shown: ClassVar[str] = "accuracy"
    as_measured: ClassVar[bool] = True

    def __call__(self, batch: Batch, logits: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError

    def tells(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """float32 [rows]: is the answer right, or by how much is it wrong?"""
        raise NotImplementedError


def loss_of(task: Task, training: Training) -> Loss:
    if isinstance(task, Regression):
        return NumberLoss(task.mean, task.spread, training.regression_loss)
    kind = {Classification: CrossEntropy, Multilabel: BinaryCrossEntropy}[type(task)]
    return kind(training.label_smoothing, training.focal_gamma)


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """smoothing: Szegedy et al., "Rethinking the Inception Architecture", 2016. gamma: Lin et al., "Focal Loss", 2017."""

    smoothing: float = 0.0
    gamma: float = 0.0

    def __call__(self, batch: Batch, logits: tf.Tensor) -> tf.Tensor:
        """Natural logarithm."""
        if self.smoothing == 0 and self.gamma == 0 and batch.share is None:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(batch.labels, logits) * batch.weights
        targets = self._targets(batch, tf.shape(logits)[1])
        if self.gamma == 0:
            return tf.nn.softmax_cross_entropy_with_logits(targets, logits) * batch.weights
        known = tf.nn.log_softmax(logits)
        return -tf.reduce_sum(targets * (1.0 - tf.exp(known)) ** self.gamma * known, axis=1) * batch.weights

    def tells(self, labels, logits):
        return tf.cast(tf.equal(tf.argmax(logits, axis=1, output_type=labels.dtype), labels), tf.float32)

    def _targets(self, batch: Batch, classes: tf.Tensor) -> tf.Tensor:
        targets = tf.one_hot(batch.labels, classes)
        if batch.share is not None:
            share = batch.share[:, None]
            targets = share * targets + (1.0 - share) * tf.one_hot(batch.partners, classes)
        return targets * (1.0 - self.smoothing) + self.smoothing / tf.cast(classes, tf.float32)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Of each class by itself, the mean over classes. smoothing: targets are drawn to 1/2; gamma: as `CrossEntropy`."""

    smoothing: float = 0.0
    gamma: float = 0.0

    def __call__(self, batch, logits):
        targets = _blended(batch) * (1.0 - self.smoothing) + self.smoothing / 2.0
        losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
        if self.gamma:
            chances = tf.nn.sigmoid(logits)
            losses *= tf.abs(targets - chances) ** self.gamma
        return tf.reduce_mean(losses, axis=1) * batch.weights

    def tells(self, labels, logits):
        """Are all classes of the row right?"""
        return tf.cast(tf.reduce_all(tf.equal(logits > 0, tf.cast(labels, tf.bool)), axis=1), tf.float32)


@dataclass(frozen=True)
class NumberLoss(Loss):
    """Of standardised numbers: half the squared error, the absolute one, or Huber's, which is the first up to 1 and the second beyond.

    mean, spread: see `task.Regression`. Huber, Robust Estimation of a Location Parameter (1964).
    """

    shown: ClassVar[str] = "mae"
    as_measured: ClassVar[bool] = False  # but standardised
    mean: float
    spread: float
    kind: Literal["squared", "absolute", "huber"] = "squared"

    def __call__(self, batch, logits):
        error = tf.abs(logits[:, 0] - (_blended(batch) - self.mean) / self.spread)
        if self.kind == "absolute":
            losses = error
        else:
            losses = tf.square(error) / 2.0
            losses = losses if self.kind == "squared" else tf.where(error <= 1.0, losses, error - 0.5)
        return losses * batch.weights

    def tells(self, labels, logits):
        """The absolute error, in the unit of the labels."""
        return tf.abs(logits[:, 0] * self.spread + self.mean - labels)


def _blended(batch: Batch) -> tf.Tensor:
    """float32: labels, with their partners' share."""
    own = tf.cast(batch.labels, tf.float32)
    if batch.share is None:
        return own
    share = tf.reshape(batch.share, [-1, *[1] * (own.shape.rank - 1)])
    return share * own + (1.0 - share) * tf.cast(batch.partners, tf.float32)
