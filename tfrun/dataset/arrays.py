"""Arrays in one npz file, or a folder of npy files: pictures or vectors, with their labels."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, InputSpec
from tfrun.dataset.address import Place
from tfrun.dataset.held import rows_of
from tfrun.dataset.local import is_here, local
from tfrun.dataset.looks import facts_of_pixels
from tfrun.dataset.splitting import assign
from tfrun.dataset.stored import Stored
from tfrun.dataset.table import Rows, split_rows
from tfrun.task import TASKS

_OWN = ("split", "names")
_CHUNK = 2**24  # values that are looked at together
_FACTS = 64  # columns of a vector that get facts of their own


class Arrays(Dataset):
    """Arrays in an npz file or a folder of npy files, mapped into memory where they are not compressed.

    `inputs`: pictures, uint8 [rows, height, width] or [rows, height, width, 1 or 3], or vectors of numbers [rows, d].
    `labels`: integers or strings [rows]. Optional: `names` (strings, the class of each label number), `split` (strings
    [rows]), and further arrays [rows], which slices and `group` can name. With task=regression labels are numbers [rows]; with
    task=multilabel 0 and 1 [rows, classes], with `names` of these, or strings [rows] with `separator` between classes.
    """

    tasks: ClassVar = tuple(TASKS)
    path: Place = setting(help="npz file, or folder of npy files; a gs:// or s3:// address of one")
    inputs: str = setting("inputs", "name of the array of pictures or vectors")
    labels: str = setting("labels", "name of the array of labels")
    group: str | None = setting(None, "array whose rows of one value must not straddle splits (a patient, a device)")
    channels: Literal[1, 3] = setting(3, "of pictures; 1: grey, 3: RGB")
    scratch_gb: float = setting(20, "most room on disk for a copy of a bucket, or an unpacked archive", unit="GB", gt=0)

    @field_validator("path")
    @classmethod
    def _exists(cls, value: Path | str) -> Path | str:
        if isinstance(value, Path) and not value.exists():
            raise ValueError(f"does not exist (looked for from {Path.cwd()}); give an npz file or a folder of npy files")
        return value

    def problems(self) -> list[Problem]:
        """Of a bucket or an archive nothing is told before it is opened."""
        if not is_here(self.path):
            return []
        try:
            rows, _ = self._looked_at
            assign(rows.encoded.strata, self.split, rows.given, rows.groups)
        except RunError as error:
            return error.problems
        return []

    def slice_columns(self) -> list[str] | None:
        return list(self._looked_at[0].columns) if is_here(self.path) else None

    def open(self) -> Data:
        place = local(self.path, int(self.scratch_gb * 1e9), "dataset.path")
        with place.told():
            return self._opened(Stored(place.path))

    def _opened(self, stored: Stored) -> Data:
        rows, pictures = self._rows(stored)
        inputs = stored.array(self.inputs)
        self._refuse_broken_numbers(inputs)
        facts = facts_of_pixels(inputs) if pictures else _columns_of(inputs)
        rows = replace(rows, facts=facts)
        read, spec = _pictures(inputs, self.channels) if pictures else _vectors(inputs)
        digests = (hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest() for row in inputs)
        return split_rows(rows, self.split, read, (spec,), digests, str(self.path), self.licence, reads_batches=True)

    @functools.cached_property
    def _looked_at(self) -> tuple[Rows, bool]:
        """For what is told before the run, however often it is asked; `open` looks anew."""
        return self._rows(Stored(self.path))

    def _rows(self, stored: Stored) -> tuple[Rows, bool]:
        """All but the inputs, and whether these are pictures. Raises RunError."""
        self._need(stored, "dataset.inputs", self.inputs)
        self._need(stored, "dataset.labels", self.labels)
        count = stored.shape(self.inputs)[0] if stored.shape(self.inputs) else 0
        if not count:
            raise self._wrong(f"'{self.inputs}' has no rows", "save at least a few rows of each class")
        pictures = self._are_pictures(stored)
        columns = {name: stored.array(name) for name in stored.names if self._is_column(stored, name)}
        for name, values in columns.items():
            if len(values) != count:
                rule = f"'{name}' has {len(values)} rows, and '{self.inputs}' has {count}"
                raise self._wrong(rule, "save arrays of one length")
        labels = self._labels(columns.pop(self.labels), stored)
        given = columns.pop("split").astype(str) if "split" in columns else None
        if self.group and self.group not in columns:
            raise RunError(Problem("dataset.group", "is no array of the data", nearest(self.group, columns), self.group))
        columns = {name: _words(values) for name, values in columns.items()}
        ids = np.array([f"row {row}" for row in range(count)], object)
        names = tuple(_words(stored.array("names"))) if labels.ndim == 2 else ()
        groups = columns[self.group] if self.group else None
        return Rows(ids, labels, given, groups, columns, labelling=self.labelling, names=names), pictures

    def _is_column(self, stored: Stored, name: str) -> bool:
        if name in (self.inputs, "names"):
            return False
        return len(stored.shape(name)) == 1 or name in (self.labels, "split")

    def _need(self, stored: Stored, key: str, name: str) -> None:
        if name not in stored.names:
            has = ", ".join(stored.names) or "none"
            raise RunError(
                Problem(key, f"is no array of {self.path} (it has {has})", f"set {key} to the one that is meant", name)
            )

    def _are_pictures(self, stored: Stored) -> bool:
        shape, dtype = stored.shape(self.inputs), stored.dtype(self.inputs)
        if dtype.hasobject:
            stored.array(self.inputs)  # says so
        if dtype == np.uint8 and (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))) and 0 not in shape:
            return True
        if len(shape) == 2 and shape[1] and dtype.kind in "biuf":
            return False
        rule = f"'{self.inputs}' is {dtype} {list(shape)}: neither pictures nor vectors"
        raise self._wrong(rule, "save uint8 [rows, height, width(, 1 or 3)] in 0 … 255, or numbers [rows, d]")

    def _labels(self, labels: np.ndarray, stored: Stored) -> np.ndarray:
        if self.task != "classification":
            return self._of_task(labels, stored)
        if labels.ndim != 1 or labels.dtype.kind not in "biuUS":
            rule = f"'{self.labels}' is {labels.dtype} {list(labels.shape)}"
            raise self._wrong(rule, "save integers or strings [rows], one label a row")
        if labels.dtype.kind in "US":
            labels = _words(labels)
            empty = np.flatnonzero(labels == "")
            if len(empty):
                raise self._wrong(f"row {empty[0]} of '{self.labels}' is empty", "give every row a label")
        elif "names" in stored.names:
            names = _words(stored.array("names"))
            outside = np.flatnonzero((labels < 0) | (labels >= len(names)))
            if len(outside):
                rule = f"row {outside[0]} has the label {labels[outside[0]]}, and 'names' has {len(names)}"
                raise self._wrong(rule, "labels count from 0; give every class a name")
            labels = names[labels.astype(int)]
        if len(np.unique(labels)) < 2:
            raise self._wrong(f"'{self.labels}' holds one class only, {labels[0]}", "a classifier needs two")
        return np.asarray(labels)

    def _of_task(self, labels: np.ndarray, stored: Stored) -> np.ndarray:
        """Numbers to predict, or several classes a row: 0 and 1 [rows, classes], or strings."""
        rule = f"'{self.labels}' is {labels.dtype} {list(labels.shape)}"
        if self.task == "regression":
            if labels.ndim != 1 or labels.dtype.kind not in "biuf":
                raise self._wrong(rule, "save numbers [rows]")
            return labels
        if labels.ndim == 1 and labels.dtype.kind in "US":
            return _words(labels)
        if labels.ndim != 2 or labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
            raise self._wrong(rule, f"save 0 and 1 [rows, classes], or strings [rows] with '{self.separator}' between classes")
        if "names" not in stored.names or stored.shape("names") != labels.shape[1:]:
            raise self._wrong(f"{rule}, and 'names' does not name each class", f"save strings [{labels.shape[1]}] as 'names'")
        return labels

    def _refuse_broken_numbers(self, inputs: np.ndarray) -> None:
        if inputs.dtype.kind == "f":
            for start, chunk in _chunks(inputs):
                broken = np.flatnonzero(~np.isfinite(chunk).all(axis=1))
                if len(broken):
                    rule = f"row {start + broken[0]} of '{self.inputs}' holds NaN or infinity"
                    raise self._wrong(rule, "fill it in or leave the row out")

    def _wrong(self, rule: str, way_out: str) -> RunError:
        return RunError(Problem("dataset.path", rule, way_out, self.path))


def _chunks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    size = max(1, _CHUNK // max(1, int(np.prod(array.shape[1:]))))
    for start in range(0, len(array), size):
        yield start, array[start : start + size]


def _words(values: np.ndarray) -> np.ndarray:
    words = np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values.astype(str)
    return words.astype(object)


def _columns_of(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """For Split.facts: each column of short vectors."""
    if vectors.shape[1] > _FACTS:
        return {}
    return {f"values[{column}]": np.asarray(vectors[:, column]) for column in range(vectors.shape[1])}


def _pictures(array: np.ndarray, channels: int) -> tuple[Callable, InputSpec]:
    import tensorflow as tf

    fetch, stored = rows_of(array), array.shape[3] if array.ndim == 4 else 1

    def read(rows):
        images = fetch(rows) if array.ndim == 4 else fetch(rows)[..., None]
        if stored == channels:
            return {"image": images}
        return {"image": tf.repeat(images, 3, axis=-1) if stored == 1 else tf.image.rgb_to_grayscale(images)}

    return read, InputSpec("image", "uint8", (None, None, channels))


def _vectors(array: np.ndarray) -> tuple[Callable, InputSpec]:
    import tensorflow as tf

    fetch = rows_of(array)
    return lambda rows: {"values": tf.cast(fetch(rows), tf.float32)}, InputSpec("values", "float32", array.shape[1:], "number")
