"""Rows of a split, read and transformed, in batches and in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfrun.cores import cores
from tfrun.dataset.pipeline import without_autotune

if TYPE_CHECKING:
    from tfrun.augment import Augment
    from tfrun.dataset import Split

_AT_ONCE, _VALUES = 1024, 2**22  # rows, and values of transformed rows, that one call makes where a data set reads batches


def transformed(
    split: Split, transform: tf.Module, size: int, augment: Augment | None = None, seeds: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Batches of at most `size` rows [batch, *transform.output_shape].

    seeds: int32 [rows, 2], by which `augment` changes each row; None: rows as they are.
    """

    def one(row, seed):
        raw = alone(split.read(row))
        return (transform(raw) if seeds is None else augmented(raw, seed, transform, augment))[0]

    def many(rows, _):
        return transform(split.read(rows))

    order = tf.data.Dataset.from_tensor_slices((split.positions, np.zeros((len(split), 0)) if seeds is None else seeds))
    if split.reads_batches and seeds is None:
        at_once = max(1, min(_AT_ONCE, _VALUES // max(1, int(np.prod(transform.output_shape)))))
        dataset = order.batch(at_once).map(many, num_parallel_calls=cores()).rebatch(size)
    else:
        dataset = order.map(one, num_parallel_calls=2 * cores()).batch(size)
    return without_autotune(dataset.prefetch(4)).as_numpy_iterator()


def augmented(raw: dict[str, tf.Tensor], seed: tf.Tensor, transform: tf.Module, augment: Augment) -> tf.Tensor:
    """raw: a batch of each input. seed: int32 [2]. Inputs changed before the transform and after it."""
    return augment.apply(transform(augment.change(raw, seed)), seed)


def alone(raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """One row as a batch of one."""
    return {name: value[None] for name, value in raw.items()}
