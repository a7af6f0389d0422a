"""Datasets: labelled rows with their splits. Opening one reads labels and names, never all inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import field_validator

from tfrun.component import Component, Settings, setting
from tfrun.config.problems import Problem
from tfrun.cores import cores
from tfrun.dataset.labels import Labelling
from tfrun.provenance.spdx import checked
from tfrun.task import TaskName

if TYPE_CHECKING:
    import tensorflow as tf

SPLITS = ("train", "validation", "test")
_AT_ONCE = 64  # rows that are read at once where that can be done


Kind = Literal["image", "text", "audio", "number", "category", "time"]


@dataclass(frozen=True)
class InputSpec:
    """What one raw input is: `name`, dtype name as numpy has it (or `string`), shape without the batch axis (None: any length).

    rate: samples a second, of a sound.
    column: what the data call it, where that cannot be the name of an argument.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] = ()
    kind: Kind = "image"
    rate: int | None = None
    column: str = ""


@dataclass(frozen=True)
class Split:
    """Rows of one split. Inputs are read when asked for.

    labels: as the task has them (see `task.Task`): int32 [rows], indices into the classes; uint8 [rows, classes]; float32 [rows]. ids: what a person calls each row (a file name).
    columns: further columns, strings [rows], for slices. read: TensorFlow function, int64 scalar row -> {input: raw tensor};
    with `reads_batches` it takes int64 [n] too, and gives n rows at once.
    digests: uint8 [rows, 32], sha256 of each raw input, by which its features are found again; None: taken from the inputs.
    facts: what the data checks look at besides labels and columns, by feature: numbers (NaN: missing) or strings (None:
    missing), [rows]; the columns of a table, or height and brightness of pictures.
    """

    name: str
    labels: np.ndarray
    ids: np.ndarray
    read: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    rows: np.ndarray | None = None
    digests: np.ndarray | None = None
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
    reads_batches: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def positions(self) -> np.ndarray:
        """int64 [rows]: what `read` is asked for, row by row."""
        return np.arange(len(self), dtype=np.int64) if self.rows is None else np.asarray(self.rows, np.int64)

    def inputs(self) -> Iterator[dict[str, np.ndarray]]:
        """Raw inputs by name, one row after the other, in order; strings as bytes."""
        import tensorflow as tf

        from tfrun.dataset.pipeline import without_autotune

        rows = tf.data.Dataset.from_tensor_slices(self.positions)
        rows = rows.batch(_AT_ONCE) if self.reads_batches else rows
        raw = rows.map(self.read, num_parallel_calls=cores()).prefetch(2)
        found = without_autotune(raw).as_numpy_iterator()
        return (row for batch in found for row in _rows_of(batch)) if self.reads_batches else found

    def content(self) -> np.ndarray:
        """uint8 [rows, 32]: `digests`, or what they would be, for which all inputs are read."""
        if self.digests is not None:
            return self.digests
        return digest_rows(hashlib.sha256(_content(row)).digest() for row in self.inputs())

    @property
    def by_label(self) -> np.ndarray:
        """int [rows]: positions in the order of the labels; of several classes a row, of the first one it has."""
        return np.argsort(self.labels if self.labels.ndim == 1 else self.labels.argmax(axis=1), kind="stable")

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
            columns=picked(self.columns, positions),
            facts=picked(self.facts, positions),
        )


def picked(columns: Mapping[str, np.ndarray], positions: np.ndarray) -> Mapping[str, np.ndarray]:
    """Rows of every column; of columns that are made when they are asked for, a view."""
    if hasattr(columns, "take"):
        return columns.take(positions)
    return {name: values[positions] for name, values in columns.items()}


def _rows_of(batch: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    for values in zip(*batch.values(), strict=True):
        yield dict(zip(batch, values, strict=True))


def _content(row: Mapping[str, np.ndarray]) -> bytes:
    """Of one row's raw inputs, whatever they are."""
    parts = []
    for name, value in row.items():
        raw = value if isinstance(value, bytes) else np.ascontiguousarray(value).tobytes()
        parts.append(f"{name}\0{getattr(value, 'dtype', 'string')}{np.shape(value)}{len(raw)}\0".encode() + raw)
    return b"".join(parts)


def digest_rows(digests: Iterable[bytes]) -> np.ndarray:
    """uint8 [rows, 32]. Hashes of another length are hashed to this one."""
    sized = [digest if len(digest) == 32 else hashlib.sha256(digest).digest() for digest in digests]
    return np.frombuffer(b"".join(sized), np.uint8).reshape(-1, 32)


@dataclass(frozen=True)
class Skipped:
    """An input that was left out, and why. count: how many rows of the file."""

    file: str
    reason: str
    count: int = 1


@dataclass(frozen=True)
class Data:
    """An opened dataset.

    splits: by name, in the order train, validation, test. fingerprint: sha256 over inputs, labels and splits.
    classes: their names; () of numbers. label: what the data call it, where they name it.
    notes: what is read otherwise than one may think, a line each, said once.
    """

    splits: Mapping[str, Split]
    classes: tuple[str, ...]
    inputs: tuple[InputSpec, ...]
    fingerprint: str
    source: str
    licence: str = "unknown"
    skipped: tuple[Skipped, ...] = ()
    label: str = "label"
    notes: tuple[str, ...] = ()
    task: TaskName = "classification"

    @property
    def outputs(self) -> int:
        """How many numbers an answer has."""
        return max(1, len(self.classes))

    @property
    def kind(self) -> str:
        """`image`, `text`, `audio` or `vector` (of numbers) where that is all there is to a row; `table` else."""
        first = self.inputs[0]
        if (
            len(self.inputs) > 1
            or first.kind not in ("image", "text", "audio", "number")
            or (first.kind == "number" and not first.shape)
        ):
            return "table"
        return "vector" if first.kind == "number" else first.kind

    def class_rows(self, split: Split) -> np.ndarray:
        """int [classes]: how many rows of the split have each; not for numbers."""
        if split.labels.ndim == 2:
            return split.labels.sum(axis=0, dtype=int)
        return np.bincount(split.labels, minlength=len(self.classes))

    def limited(self, rows: int) -> Data:
        """At most `rows` of each split, spread over the labels."""
        return replace(self, splits={name: _spread(split, rows) for name, split in self.splits.items()})


def _spread(split: Split, rows: int) -> Split:
    order = split.by_label
    picked = order[np.linspace(0, len(order) - 1, min(rows, len(order))).round().astype(int)]
    return split.take(np.sort(picked))


SplitName = Literal["train", "validation", "test"]


class SplitBy(Settings):
    """How rows without a given split are shared out: stratified by label, the same for the same seed; or by time, or values."""

    validation: float = setting(0.15, "share of rows that choose the best weights", unit="share", ge=0, lt=1)
    test: float = setting(0.2, "share of rows that nothing but the final measurement sees", unit="share", gt=0, lt=1)
    seed: int = setting(0, "seeds the shuffle; apart from the experiment's seed, so that runs compare on the same rows", ge=0)
    stratify: bool = setting(True, "each class has the same share in every split; false: chance alone decides")
    time: str | None = setting(
        None, "column of numbers or dates: the earliest rows are train, the latest test; ties stay together"
    )
    values: dict[SplitName, dict[str, list[str | int | float | bool]]] = setting(
        dict, "rows of a split by values of columns, e.g. {train: {month: [1, 2, 3]}}; all other rows go to the other splits"
    )

    @field_validator("values")
    @classmethod
    def _has_columns(cls, value: dict) -> dict:
        for name, wanted in value.items():
            if not wanted or not all(wanted.values()):
                raise ValueError(f"{name} names no column or no value: give e.g. {{{name}: {{month: [1, 2]}}}}")
        return value

    def columns(self) -> list[str]:
        """Columns of the data that decide."""
        return list(dict.fromkeys([*([self.time] if self.time else []), *(c for each in self.values.values() for c in each)]))


class Dataset(Component):
    """Protocol of the group: `open()` gives Data. `problems()` is what can be told without reading inputs.

    tasks: those that its labels can be for.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("classification",)
    task: TaskName = setting(
        "classification", "what a label is: one class of several; multilabel: any number of classes; regression: a number"
    )
    separator: str = setting("|", "multilabel: what stands between the classes of a row", min_length=1)
    split: SplitBy = setting(SplitBy, "how rows are shared out where the data do not say")
    licence: str = setting("unknown", "licence of the data: an SPDX expression, or unknown")

    @field_validator("licence", mode="before")
    @classmethod
    def _licence_is_spdx(cls, value: str | None) -> str:
        return checked(value)

    @property
    def labelling(self) -> Labelling:
        return Labelling(self.task, self.separator)

    def open(self) -> Data:
        """Raises RunError where the data cannot be read."""
        raise NotImplementedError

    def problems(self) -> list[Problem]:
        return []

    def slice_columns(self) -> list[str] | None:
        """Names that `evaluation.slices` may use. None: not told before the data are opened, since they lie elsewhere."""
        return []

    def says(self) -> str:
        """What was found in it without reading inputs, such as the kinds of columns, for a person; '' where there is nothing."""
        return ""

    def row_kind(self) -> str | None:
        """`Data.kind`, where it can be told without reading inputs."""
        return None
