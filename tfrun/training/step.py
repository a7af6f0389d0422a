"""One optimizer step, in small parts: forward, loss, gradients, update."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf


def make_step(
    forward: Callable[[tf.Tensor], tf.Tensor],
    penalties: Callable[[], list[tf.Tensor]],
    updates: list[tuple[keras.Optimizer, list[keras.Variable]]],
    batch_size: int,
    replicas: int,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """The function that each replica runs on its share of a batch.

    forward: inputs -> logits [rows, classes]. penalties: scalars added to the loss. updates: who updates which variables.
    batch_size: rows over all replicas. The function gives float32 [3]: sum of losses, correct answers, rows.
    """
    variables = [variable for _, group in updates for variable in group]

    def step(inputs, labels):
        with tf.GradientTape() as tape:
            logits = forward(inputs)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            # Replicas' gradients are summed, so each takes its share of the global batch and of the penalties.
            loss = tf.reduce_sum(losses) / batch_size
            for penalty in penalties():
                loss += penalty / replicas
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        _update(updates, gradients)
        correct = tf.equal(tf.argmax(logits, axis=1, output_type=labels.dtype), labels)
        rows = tf.cast(tf.shape(labels)[0], tf.float32)
        return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(tf.cast(correct, tf.float32)), rows])

    return step


def _update(updates, gradients) -> None:
    start = 0
    for optimizer, variables in updates:
        optimizer.apply(gradients[start : start + len(variables)], variables)
        start += len(variables)
