"""Typed columns of a table: filled from Arrow arrays, read row by row at random, in memory or from a mapped file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.dataset.spill import Growing, Room, is_mapped


class Column:
    """Protocol. `add` takes Arrow arrays, then `finish` is called once; the rest reads. rows: int [n]."""

    dtype = "float32"  # of the model's input

    def add(self, values: pa.Array) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        raise NotImplementedError

    def has_values(self) -> bool:
        """Whether one at least is not missing."""
        raise NotImplementedError

    def facts(self, rows: np.ndarray) -> np.ndarray:
        """float64 [n], NaN where missing; or strings [n], None where missing."""
        raise NotImplementedError

    def strings(self, rows: np.ndarray) -> np.ndarray:
        """What slices and cards show, str objects [n]."""
        raise NotImplementedError

    def raw(self, rows: np.ndarray) -> np.ndarray:
        """What the model is given: `dtype` [n], or bytes objects [n]."""
        raise NotImplementedError

    def held(self) -> Callable | None:
        """The same as a TensorFlow function of int64 rows of any shape; None where the rows are not all in memory."""
        raise NotImplementedError

    def words(self, rows: np.ndarray) -> np.ndarray:
        """uint64 [n, 1 or 2], which tell values apart."""
        raise NotImplementedError


class Numbers(Column):
    """float64, NaN where missing. `dtype`: float32, or float64 for seconds since 1970."""

    def __init__(self, room: Room, dtype: str = "float32"):
        self.dtype, self._growing = dtype, Growing(np.float64, room)

    def add(self, values):
        self._growing.add(pc.fill_null(pc.cast(_plain(values), pa.float64()), np.nan).to_numpy(zero_copy_only=False))

    def finish(self):
        self.values = self._growing.whole()

    def has_values(self):
        return any(not np.isnan(self.values[at : at + 65536]).all() for at in range(0, len(self.values), 65536))

    def facts(self, rows):
        return np.asarray(self.values[rows])

    def strings(self, rows):
        known, inverse = np.unique(self.facts(rows), return_inverse=True)
        return np.array(["" if np.isnan(value) else f"{value:.15g}" for value in known], object)[inverse]

    def raw(self, rows):
        return self.values[rows].astype(self.dtype)

    def held(self):
        import tensorflow as tf

        if is_mapped(self.values):
            return None
        with tf.device("/CPU:0"):
            values = tf.constant(self.values.astype(self.dtype))
        return lambda rows: tf.gather(values, rows)

    def words(self, rows):
        return self.raw(rows).astype(np.float64).view(np.uint64)[:, None]


class Categories(Column):
    """A code a row into the values that there are; '' where missing."""

    dtype = "string"

    def __init__(self, room: Room):
        self._growing, self._codes = Growing(np.int32, room), {}

    def add(self, values):
        batch = pc.fill_null(pc.cast(_plain(values), pa.large_string()), "").dictionary_encode()
        codes = [self._codes.setdefault(value, len(self._codes)) for value in batch.dictionary.to_pylist()]
        self._growing.add(np.array(codes, np.int32)[batch.indices.to_numpy(zero_copy_only=False)])

    def finish(self):
        self.codes = self._growing.whole()
        self.known = np.array([*self._codes], object)

    def has_values(self):
        return any(self.known)

    def facts(self, rows):
        return np.array([value or None for value in self.known], object)[self.codes[rows]]

    def strings(self, rows):
        return self.known[self.codes[rows]]

    @cached_property
    def _bytes(self) -> np.ndarray:
        return np.array([value.encode() for value in self.known] or [b""], object)

    def raw(self, rows):
        return self._bytes[self.codes[rows]]

    def held(self):
        import tensorflow as tf

        if is_mapped(self.codes):
            return None
        with tf.device("/CPU:0"):
            codes, known = tf.constant(self.codes), tf.constant(self._bytes)
        return lambda rows: tf.gather(known, tf.gather(codes, rows))

    @cached_property
    def _words(self) -> np.ndarray:
        return _hashed(self._bytes)

    def words(self, rows):
        return self._words[self.codes[rows]]


class Texts(Column):
    """UTF-8 bytes, one after the other, and where each ends; '' where missing."""

    dtype = "string"

    def __init__(self, room: Room):
        self._bytes, self._ends, self._last = Growing(np.uint8, room), Growing(np.int64, room), 0

    def add(self, values):
        array = pc.fill_null(pc.cast(_plain(values), pa.large_string()), "")
        lengths = pc.binary_length(array).to_numpy(zero_copy_only=False).astype(np.int64)
        ends = np.cumsum(lengths) + self._last
        start = np.frombuffer(array.buffers()[1], np.int64)[array.offset] if len(array) else 0
        content = array.buffers()[2]
        size = int(lengths.sum())
        self._bytes.add(np.frombuffer(content, np.uint8)[start : start + size] if size else np.empty(0, np.uint8))
        self._ends.add(ends)
        self._last = int(ends[-1]) if len(ends) else self._last

    def finish(self):
        self.content, self.ends = self._bytes.whole(), self._ends.whole()

    def has_values(self):
        return self._last > 0

    def _each(self, rows: np.ndarray) -> Iterator[bytes]:
        ends = np.asarray(self.ends[rows])
        starts = np.where(rows > 0, self.ends[np.maximum(np.asarray(rows) - 1, 0)], 0)
        return (self.content[start:end].tobytes() for start, end in zip(starts, ends, strict=True))

    def facts(self, rows):
        return np.array([text or None for text in self.strings(rows)], object)

    def strings(self, rows):
        return _objects([text.decode() for text in self._each(rows)])

    def raw(self, rows):
        return _objects(self._each(rows))

    def held(self):
        return None

    def words(self, rows):
        return _hashed(self._each(rows))


class View(Mapping[str, np.ndarray]):
    """Columns of some rows by name. A column is made when it is asked for, so that many cost no memory.

    read: (column, rows) -> its values of these rows.
    """

    def __init__(self, columns: Mapping[str, Column], rows: np.ndarray, read: Callable[[Column, np.ndarray], np.ndarray]):
        self._columns, self._rows, self._read = columns, rows, read

    def __getitem__(self, name: str) -> np.ndarray:
        return self._read(self._columns[name], self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def take(self, positions: np.ndarray) -> View:
        return View(self._columns, self._rows[positions], self._read)


def reader(columns: Mapping[str, Column]) -> Callable:
    """columns: by input name. Returns int64 row or rows -> {input name: tensor of as many}."""
    import tensorflow as tf

    held = {name: column.held() for name, column in columns.items()}
    asked = {name: columns[name] for name, function in held.items() if function is None}
    types = [tf.as_dtype(column.dtype) for column in asked.values()]

    def look_up(rows):
        flat = np.atleast_1d(rows)
        return [column.raw(flat).reshape(np.shape(rows)) for column in asked.values()]

    def read(rows):
        rows = tf.convert_to_tensor(rows, tf.int64)
        found = tf.nest.flatten(tf.numpy_function(look_up, [rows], types)) if asked else []  # one is given without a list
        slow = {name: tf.ensure_shape(value, rows.shape) for name, value in zip(asked, found, strict=True)}
        return {name: slow[name] if name in slow else held[name](rows) for name in columns}

    return read


def digests(columns: Mapping[str, Column], rows: np.ndarray, at_once: int = 65536) -> np.ndarray:
    """uint8 [n, 32]: sha256 over what the model is given of each row."""
    found = []
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        words = np.ascontiguousarray(np.concatenate([column.words(some) for column in columns.values()], axis=1))
        packed, width = memoryview(words).cast("B"), words.shape[1] * 8
        found += [hashlib.sha256(packed[at : at + width]).digest() for at in range(0, len(some) * width, width)]
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)


def _plain(values: pa.Array) -> pa.Array:
    """Without what Arrow packs: dictionaries, and times as seconds since 1970."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(values.type):
        return pc.divide(values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.int64()).cast(pa.float64()), 1e6)
    if pa.types.is_time(values.type) or pa.types.is_duration(values.type):
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[values.type.unit]
        width = pa.int32() if values.type.bit_width == 32 else pa.int64()
        return pc.divide(values.cast(width).cast(pa.float64()), unit)
    return values


def _hashed(values) -> np.ndarray:
    """uint64 [n, 2] of bytes objects."""
    joined = b"".join(hashlib.sha256(value).digest()[:16] for value in values)
    return np.frombuffer(joined, np.uint64).reshape(-1, 2)


def _objects(values) -> np.ndarray:
    values = list(values)
    out = np.empty(len(values), object)
    out[:] = values
    return out
