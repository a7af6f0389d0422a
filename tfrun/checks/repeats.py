"""Rows that are there twice: within a split they count twice, across splits they let the model look up the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from tfrun.checks import Checks
from tfrun.checks.anomaly import Anomaly, few, named
from tfrun.checks.encoded import encode
from tfrun.checks.fingerprints import Found, nearly_repeated, nearly_shared, repeated, shared
from tfrun.checks.gather import Tables
from tfrun.checks.hashing import hashed, mixed
from tfrun.checks.roles import Roles
from tfrun.checks.split import SplitAccumulator

_NAMED = 5


def repeat_anomalies(tables: Tables, splits: dict[str, SplitAccumulator], roles: Roles, checks: Checks) -> Iterator[Anomaly]:
    for source in splits["train"].fingerprints:
        train = splits["train"].fingerprints[source]
        for name, split in splits.items():
            own = split.fingerprints.get(source)
            if own is None:
                continue
            found = {"duplicates": (repeated(own), checks.duplicates)}
            if train.looks:
                found["near_duplicates"] = (nearly_repeated(own, checks.near_distance), checks.near_duplicates)
            if name != "train":
                found["shared_rows"] = (shared(own, train), checks.shared_rows)
            if name != "train" and train.looks:
                found["shared_near_duplicates"] = (nearly_shared(own, train, checks.near_distance), checks.near_duplicates)
            for kind, (rows, limit) in found.items():
                if rows.share > limit:
                    yield _anomaly(kind, source, name, rows, limit, _names(tables[name], roles, source, rows.contents))


def _anomaly(kind: str, source: str, split: str, found: Found, limit: float, rows: tuple[str, ...]) -> Anomaly:
    said, way_out, setting = {
        "duplicates": ("repeat another row of it", "keep one of each", "duplicates"),
        "near_duplicates": ("look nearly like another row of it", "keep one of each", "near_duplicates"),
        "shared_rows": ("are in train too", "keep each in one split (`group`)", "shared_rows"),
        "shared_near_duplicates": ("look nearly like a row of train", "keep them in one split (`group`)", "near_duplicates"),
    }[kind]
    text = f"{found.rows:,} rows ({found.share:.1%}) {said}" + (f", such as {named(rows)}" if rows else "")
    text += f"; more than checks.{setting} = {limit:g}: {way_out}"
    severity = "warning" if kind == "near_duplicates" else "error"
    return Anomaly(source, kind, split, text, found.share, limit, rows, severity)


def _names(stream: Callable[[], Iterator[pa.RecordBatch]], roles: Roles, source: str, contents: np.ndarray) -> tuple[str, ...]:
    """What rows with `contents` are called: the first few of them, for which the stream is read once more."""
    names, start = [], 0
    for batch in stream():
        rows = _rows(batch, roles, source, contents[:_NAMED])
        if roles.ids in batch.schema.names:
            names += batch.column(roles.ids).take(pa.array(rows)).to_pylist()
        else:
            names += [f"row {start + row}" for row in rows.tolist()]
        start += batch.num_rows
        if len(names) >= _NAMED:
            break
    return few(names)


def _rows(batch: pa.RecordBatch, roles: Roles, source: str, contents: np.ndarray) -> np.ndarray:
    column = batch.column(source)
    if source == roles.digest:
        present, bits = np.asarray(column.is_valid()), hashed(column.drop_null().to_pylist())
    else:
        encoded = encode(column)
        present, bits = encoded.present, mixed(encoded.hashes)[encoded.codes]
    return np.flatnonzero(present)[np.isin(bits, contents)]
