"""A block of one column in the form that the accumulators take, made once and used by all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.checks.hashing import hashed

Kind = Literal["int", "float", "string", "bytes", "struct", "none"]


@dataclass(frozen=True)
class Encoded:
    """rows: of the block. present: bool [rows]. lengths: int64 [present rows], values of each; None where it is always one.

    numbers: float64 [values]. words: the different strings or bytes, with codes: int64 [values] into them, and
    hashes: uint64 [words].
    """

    kind: Kind
    rows: int
    present: np.ndarray
    lengths: np.ndarray | None = None
    numbers: np.ndarray | None = None
    words: pa.Array | None = None
    codes: np.ndarray | None = None
    hashes: np.ndarray | None = None

    def bits(self) -> np.ndarray | None:
        """uint64 [rows]: equal for equal values, 0 for none. None for lists and structs."""
        if self.lengths is not None or self.kind in ("struct", "none"):
            return None
        values = (self.numbers + 0.0).view(np.uint64) if self.numbers is not None else self.hashes[self.codes]
        return self._spread(values, np.zeros(self.rows, np.uint64))

    def column(self) -> np.ndarray | None:
        """float64 [rows] with NaN for none, or uint64 [rows] with 0 for none."""
        if self.numbers is not None and self.lengths is None:
            return self._spread(self.numbers, np.full(self.rows, np.nan))
        return self.bits()

    def _spread(self, values: np.ndarray, into: np.ndarray) -> np.ndarray:
        if len(values) == self.rows:
            return values
        into[self.present] = values
        return into


def encode(array: pa.Array) -> Encoded:
    """Integers, floats, booleans, dates and times (as what Arrow stores), strings, bytes, and lists of these."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):  # few kernels take them
        array = array.cast(pa.large_string() if pa.types.is_string_view(array.type) else pa.large_binary())
    rows, present = len(array), _present(array)
    if _is_list(array.type):
        held = array.drop_null() if array.null_count else array
        lengths = np.asarray(pc.list_value_length(held)).astype(np.int64)
        inner = encode(held.flatten().drop_null())
        kind = inner.kind if inner.lengths is None else "struct"
        return Encoded(kind, rows, present, lengths, inner.numbers, inner.words, inner.codes, inner.hashes)
    if pa.types.is_null(array.type):
        return Encoded("none", rows, present)
    values = array.drop_null() if array.null_count else array
    if _is_number(array.type):
        kind, numbers = _numbers(values)
        return Encoded(kind, rows, present, numbers=numbers)
    if pa.types.is_nested(array.type):
        return Encoded("struct", rows, present)
    kind, words, codes = _words(values)
    return Encoded(kind, rows, present, words=words, codes=codes, hashes=hashed(words.to_pylist()))


def _present(array: pa.Array) -> np.ndarray:
    if not array.null_count:
        return np.ones(len(array), bool)
    return np.asarray(array.is_valid())


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_primitive(kind) or pa.types.is_decimal(kind)


def _numbers(values: pa.Array) -> tuple[Kind, np.ndarray]:
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == 32 else pa.int64())
    kind = "float" if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type) else "int"
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    return kind, values.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)


def _words(values: pa.Array) -> tuple[Kind, pa.Array, np.ndarray]:
    """Bytes that are UTF-8 count as strings: readers of records cannot tell them apart."""
    readable = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    kind = "string"
    if not readable:
        values = values.cast(pa.large_binary())
    try:
        values = values.cast(pa.large_string())
    except pa.ArrowInvalid:
        kind = "bytes"
    encoded = values.dictionary_encode()
    return kind, encoded.dictionary, np.asarray(encoded.indices).astype(np.int64)
