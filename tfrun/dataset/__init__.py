"""Datasets: labelled rows with their splits. Opening one reads labels and names, never all inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from tfrun.component import Component, Settings, setting
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    import tensorflow as tf

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class InputSpec:
    """What one raw input is: `name`, numpy dtype name, shape without the batch axis (None: any length)."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    kind: str = "image"


@dataclass(frozen=True)
class Split:
    """Rows of one split. Inputs are read when asked for.

    labels: int32 [rows], indices into the classes. ids: what a person calls each row (a file name).
    columns: further columns, strings [rows], for slices. read: TensorFlow function, int64 scalar row -> raw input.
    digests: uint8 [rows, 32], sha256 of each raw input, by which its features are found again; None: taken from the inputs.
    """

    name: str
    labels: np.ndarray
    ids: np.ndarray
    read: Callable[[tf.Tensor], tf.Tensor]
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    rows: np.ndarray | None = None
    digests: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def examples(self, order: tf.data.Dataset, deterministic: bool = True) -> tf.data.Dataset:
        """order: dataset of int64 positions in this split. Yields (raw input, int32 label) in that order."""
        import tensorflow as tf

        rows = tf.constant(np.arange(len(self)) if self.rows is None else self.rows, tf.int64)
        labels = tf.constant(self.labels, tf.int32)

        def example(position):
            return self.read(tf.gather(rows, position)), tf.gather(labels, position)

        return order.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=deterministic)

    def inputs(self) -> Iterator[np.ndarray]:
        """Raw inputs one by one, in order."""
        import tensorflow as tf

        order = tf.data.Dataset.range(len(self))
        return (raw for raw, _ in self.examples(order).prefetch(2).as_numpy_iterator())

    def content(self) -> np.ndarray:
        """uint8 [rows, 32]: `digests`, or what they would be, for which all inputs are read."""
        if self.digests is not None:
            return self.digests
        contents = (f"{raw.dtype}{raw.shape}".encode() + np.ascontiguousarray(raw).tobytes() for raw in self.inputs())
        return digest_rows(hashlib.sha256(content).digest() for content in contents)

    def first(self, count: int) -> Split:
        return self.take(np.arange(min(count, len(self))))

    def take(self, positions: np.ndarray) -> Split:
        """The rows at `positions` (int [n]) as a split of the same name."""
        rows = np.arange(len(self)) if self.rows is None else self.rows
        return replace(
            self,
            labels=self.labels[positions],
            ids=self.ids[positions],
            rows=rows[positions],
            digests=None if self.digests is None else self.digests[positions],
            columns={name: values[positions] for name, values in self.columns.items()},
        )


def digest_rows(digests: Iterable[bytes]) -> np.ndarray:
    """uint8 [rows, 32]. Hashes of another length are hashed to this one."""
    sized = [digest if len(digest) == 32 else hashlib.sha256(digest).digest() for digest in digests]
    return np.frombuffer(b"".join(sized), np.uint8).reshape(-1, 32)


@dataclass(frozen=True)
class Skipped:
    """An input that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Data:
    """An opened dataset.

    splits: by name, in the order train, validation, test. fingerprint: sha256 over inputs, labels and splits.
    """

    splits: Mapping[str, Split]
    classes: tuple[str, ...]
    input: InputSpec
    fingerprint: str
    source: str
    licence: str = "unknown"
    skipped: tuple[Skipped, ...] = ()

    def limited(self, rows: int) -> Data:
        """At most `rows` of each split, spread over the classes."""
        return replace(self, splits={name: _spread(split, rows) for name, split in self.splits.items()})


def _spread(split: Split, rows: int) -> Split:
    order = np.argsort(split.labels, kind="stable")
    picked = order[np.linspace(0, len(order) - 1, min(rows, len(order))).round().astype(int)]
    return split.take(np.sort(picked))


class SplitBy(Settings):
    """How rows without a given split are shared out: stratified by label, the same for the same seed."""

    validation: float = setting(0.15, "share of rows that choose the best weights", unit="share", ge=0, lt=1)
    test: float = setting(0.2, "share of rows that nothing but the final measurement sees", unit="share", gt=0, lt=1)
    seed: int = setting(0, "seeds the shuffle; apart from the experiment's seed, so that runs compare on the same rows", ge=0)


class Dataset(Component):
    """Protocol of the group: `open()` gives Data. `problems()` is what can be told without reading inputs."""

    split: SplitBy = setting(SplitBy, "how rows are shared out where the data do not say")
    licence: str = setting("unknown", "licence of the data, for the model card")

    def open(self) -> Data:
        """Raises RunError where the data cannot be read."""
        raise NotImplementedError

    def problems(self) -> list[Problem]:
        return []

    def slice_columns(self) -> list[str]:
        """Names that `evaluation.slices` may use."""
        return []
