"""Which blocks of a backbone a task pulls at: gradients of a probe's loss, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfrun.advise.linear import kind_of
from tfrun.training.groups import path_of
from tfrun.transform.batches import transformed

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.advise.embedded import Embedded
    from tfrun.dataset import Data, Split
    from tfrun.model import Model

_ROWS, _BATCH, _STRENGTH = 512, 32, 0.01
_PULLS = 0.1  # of the strongest pull: what pulls less may stay as it is
_NUMBER = r"(\d+_)?"  # before the names of a module's variables


@dataclass(frozen=True)
class Block:
    """Weights whose names begin alike. pull: the norm of the loss's gradient over the norm of the weights, of the strongest block 1:
    the relative gradient norm of Lee et al., Surgical Fine-Tuning Improves Adaptation to Distribution Shifts (2023).
    """

    name: str
    parameters: int
    pull: float

    @property
    def is_pulled(self) -> bool:
        return self.pull >= _PULLS


def blocks(model: Model, data: Data, own: Embedded) -> list[Block]:
    """In the backbone's order. own: features and labels that the probe's last layer is fitted to.

    The gradient is that of at most 512 training rows, through the backbone as it came; no weight is changed.
    """
    weights = _last_layer(own.features, own.labels, data.outputs)
    model.unfreeze(True)
    try:
        variables = {path_of(variable, model.backbone.name): variable.value for variable in model.backbone.trainable_variables}
        gradients = _gradients(model, data.limited(_ROWS).splits["train"], list(variables.values()), *weights)
    finally:
        model.unfreeze(False)
    squares: dict[str, np.ndarray] = {}
    for (name, variable), gradient in zip(variables.items(), gradients, strict=True):
        own_squares = [
            np.square(gradient, dtype=np.float64).sum(),
            np.square(variable.numpy(), dtype=np.float64).sum(),
            gradient.size,
        ]
        squares[block_of(name)] = squares.get(block_of(name), np.zeros(3)) + own_squares
    pulls = {name: float(np.sqrt(moved / max(weight, 1e-12))) for name, (moved, weight, _) in squares.items()}
    strongest = max(pulls.values(), default=0.0) or 1.0
    return [Block(name, int(squares[name][2]), pull / strongest) for name, pull in pulls.items()]


def block_of(name: str) -> str:
    """What a variable's name begins with: `012_block1_conv_kernel` is of `block1`, `layer4/conv/kernel` of `layer4`."""
    return re.split(r"[/_]", re.sub(rf"^{_NUMBER}", "", name))[0]


def still(found: list[Block]) -> dict[str, object] | None:
    """The group of `training.groups` that leaves all other blocks as they are; None where all are pulled at."""
    names = [re.escape(block.name) for block in found if not block.is_pulled]
    return {"pattern": rf"^backbone/{_NUMBER}({'|'.join(names)})([/_]|$)", "learning_rate": 0} if names else None


def _last_layer(features: np.ndarray, labels: np.ndarray, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 [d, outputs] and [outputs]: a probe on features as they are."""
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    kernel, bias = kind_of(labels)(outputs).fit((features - mean) / spread, labels, _STRENGTH).layer()
    kernel /= spread[:, None]
    return kernel, bias - mean @ kernel


def _losses(labels: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """[rows], of what the last layer gives."""
    import tensorflow as tf

    if labels.dtype.is_floating:
        return tf.square(labels - given[:, 0])
    if labels.shape.rank == 2:
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, given.dtype), given), axis=1)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, given)


def _gradients(
    model: Model, split: Split, variables: list[tf.Variable], kernel: np.ndarray, bias: np.ndarray
) -> list[np.ndarray]:
    """Of the mean loss over the rows, one array a variable."""
    import tensorflow as tf

    @tf.function
    def of_batch(inputs, labels):
        with tf.GradientTape() as tape:
            features = model.backbone(inputs, training=False)
            pooled = (
                features if features.shape.rank == 2 else tf.reduce_mean(features, axis=list(range(1, features.shape.rank - 1)))
            )
            total = tf.reduce_sum(_losses(labels, pooled @ kernel + bias)) / len(split)
        return [tf.convert_to_tensor(one) for one in tape.gradient(total, variables, unconnected_gradients="zero")]

    sums = [np.zeros(variable.shape, np.float32) for variable in variables]
    for inputs, labels in _batches(model, split):
        for total, gradient in zip(sums, of_batch(tf.constant(inputs), tf.constant(labels)), strict=True):
            total += gradient.numpy()
    return sums


def _batches(model: Model, split: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    start = 0
    for inputs in transformed(split, model.transform, _BATCH):
        yield inputs, split.labels[start : start + len(inputs)]
        start += len(inputs)
