"""Strings of a CSV file to numbers and times, where not all of them are such."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.config.problems import shorten

_NUMBER = r"^[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?)$"


def numbers_of(path: str, rows: pa.RecordBatch, lines: np.ndarray, kinds: dict, missing: list[str], tell) -> tuple:
    """rows: with numbers and times as strings. Returns (the rows in which all are, with these as numbers, their lines).

    tell: given (path, line, reason) of each row that is left out.
    """
    import pyarrow as pa

    sound, columns = np.ones(len(lines), bool), {}
    for name, kind in kinds.items():
        values = rows.column(name)
        if kind in ("number", "time"):
            wrong, values = (as_numbers if kind == "number" else as_times)(values, missing)
            for row in np.flatnonzero(wrong & sound):
                shown, wanted = shorten(rows.column(name)[int(row)], 40), "a number" if kind == "number" else "a date"
                tell(path, int(lines[row]), f"holds '{shown}' in column '{name}', where {wanted} is wanted")
            sound &= ~wrong
        columns[name] = values
    batch = pa.RecordBatch.from_pydict(columns)
    return (batch, lines) if sound.all() else (batch.filter(pa.array(sound)), lines[sound])


def as_numbers(values: pa.Array, missing: list[str]) -> tuple[np.ndarray, pa.Array]:
    """(bool [n], which are none, float64 [n]) of strings; true and false are 1 and 0."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(values, "")))
    empty = pc.or_(pc.is_in(values, pa.array(missing, values.type)), pc.equal(lower, ""))
    truth = pc.if_else(pc.equal(lower, "true"), "1", pc.if_else(pc.equal(lower, "false"), "0", lower))
    sound = pc.or_(empty, pc.match_substring_regex(truth, _NUMBER))
    numbers = pc.if_else(pc.and_(sound, pc.invert(empty)), pc.utf8_ltrim(truth, "+"), None)
    return pc.invert(sound).to_numpy(zero_copy_only=False), pc.cast(numbers, pa.float64())


def as_times(values: pa.Array, missing: list[str]) -> tuple[np.ndarray, pa.Array]:
    """(bool [n], which are none, timestamps [n]) of strings in ISO 8601."""
    encoded = pc.fill_null(values, "").dictionary_encode()
    known, wrong = [], []
    for text in encoded.dictionary.to_pylist():
        bare = text.strip()
        try:
            known.append(None if bare in missing or not bare else _moment(bare))
            wrong.append(False)
        except ValueError:
            known.append(None)
            wrong.append(True)
    at = encoded.indices.to_numpy(zero_copy_only=False)
    return np.array(wrong, bool)[at], pa.array(known, pa.timestamp("us")).take(encoded.indices)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
