"""What kind of column it is: numbers, categories, texts or times; told from Arrow's type and the first rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.dataset.columns import Categories, Column, Numbers, Texts
from tfrun.dataset.spill import Room

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_DATE = r"^\s*\d{4}-\d\d-\d\d([ T]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[-+]\d\d:?\d\d)?\s*$"
_WORDS, _LONG = 4, 200  # a column with so many words, or characters, in its middle value is a text
_MIXED, _MOST = 0.5, 0.9  # shares of numbers: what lies between is a mistake; above, the others are


def kind_of(type_: pa.DataType, sample: pa.Array) -> str | None:
    """sample: of the column. None where a table has no use for the type (lists, structures, bytes)."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return "time"
    if _is_string(type_):
        for kind, pattern in (("number", _NUMBER), ("time", _DATE)):
            if _share(sample, pattern)[0] >= _MOST:
                return kind
        return "text" if _is_text(sample) else "category"
    if pa.types.is_null(type_):
        return "category"
    sound = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_)
    sound = sound or pa.types.is_decimal(type_) or pa.types.is_time(type_) or pa.types.is_duration(type_)
    return "number" if sound else None


def odd_one(sample: pa.Array) -> tuple[int, str] | None:
    """Place and value of the first that is no number, in strings of which half are; None where that is not so."""
    if not _is_string(sample.type):
        return None
    share, odd = _share(sample, _NUMBER)
    return (int(odd[0]), sample[int(odd[0])].as_py()) if _MIXED <= share < _MOST else None


def _share(sample: pa.Array, pattern: str) -> tuple[float, np.ndarray]:
    """Share of the strings that are not empty which match, and the places of those which do not."""
    values = sample.dictionary_decode() if pa.types.is_dictionary(sample.type) else sample
    filled = pc.fill_null(pc.cast(values, pa.large_string()), "")
    empty = pc.equal(pc.utf8_trim_whitespace(filled), "").to_numpy(zero_copy_only=False)
    matching = pc.match_substring_regex(filled, pattern).to_numpy(zero_copy_only=False)
    return matching.sum() / max(1, (~empty).sum()), np.flatnonzero(~empty & ~matching)


def made(kind: str, room: Room) -> Column:
    """An empty column of that kind."""
    if kind == "category":
        return Categories(room)
    if kind == "text":
        return Texts(room)
    return Numbers(room, "float64" if kind == "time" else "float32")


def _is_string(type_: pa.DataType) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)


def _is_text(sample: pa.Array) -> bool:
    values = pc.drop_null(sample.dictionary_decode() if pa.types.is_dictionary(sample.type) else sample)
    values = values.filter(pc.not_equal(values, "")) if len(values) else values
    if not len(values) or pc.count_distinct(values).as_py() <= len(values) / 2:
        return False
    words = np.median(pc.count_substring(values, " ").to_numpy(zero_copy_only=False)) + 1
    return bool(words >= _WORDS or np.median(pc.utf8_length(values).to_numpy(zero_copy_only=False)) >= _LONG)
