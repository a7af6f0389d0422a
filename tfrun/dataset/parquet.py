"""Parquet tables, by row groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tfrun.config.problems import Problem, RunError, shorten
from tfrun.dataset.files import opened
from tfrun.dataset.tabular import Batch, Header, Tabular

_ROWS, _PEEK = 65536, 1024  # rows read at once, and looked at to tell texts from categories


class Parquet(Tabular):
    """Parquet files with one value a column and row. Columns know their types; only those that are needed are read."""

    def _header(self, path: str) -> Header:
        from tfrun.dataset.kinds import kind_of, odd_one

        with _file(path) as file:
            schema = file.schema_arrow
            for name in schema.names:
                if schema.names.count(name) > 1:
                    raise RunError(Problem(path, f"has two columns called '{name}'", "rename one"))
            plain = [field.name for field in schema if kind_of(field.type, _none(field.type)) is not None]
            first = next(file.iter_batches(_PEEK, columns=plain), None)
        kinds, odd = {}, []
        for field in schema:
            sample = first.column(field.name) if first is not None and field.name in plain else _none(field.type)
            kinds[field.name] = kind_of(field.type, sample)
            place = odd_one(sample)
            odd += [(place[0] + 1, field.name, shorten(place[1], 40))] if place else []
        return Header(kinds, tuple(odd))

    def _batches(self, path, kinds, tell) -> Iterator[Batch]:
        import pyarrow as pa

        last = 0
        with _file(path) as file:
            for rows in file.iter_batches(_ROWS, columns=list(kinds)):
                columns = {name: _fitting(path, name, kind, rows.column(name)) for name, kind in kinds.items()}
                lines = np.arange(last + 1, last + 1 + rows.num_rows, dtype=np.int64)
                last += rows.num_rows
                yield Batch(path, pa.RecordBatch.from_pydict(columns), lines)


@contextmanager
def _file(path: str):
    """Raises RunError where it is none."""
    import pyarrow as pa
    from pyarrow import parquet

    with opened(path, compressed=False) as stream:
        try:
            with parquet.ParquetFile(stream) as file:
                yield file
        except pa.ArrowInvalid as error:
            reason = shorten(error, 160)
            raise RunError(Problem(path, f"is no Parquet file that can be read ({reason})", "is it whole?")) from error


def _fitting(path: str, name: str, kind: str, values):
    """values, an Arrow array, in a type that a column of this kind takes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if kind == "time" and not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)):
            return values.cast(pa.timestamp("us"))
        if kind == "number" and (pa.types.is_large_string(values.type) or pa.types.is_string(values.type)):
            return values.cast(pa.float64())
        if (
            kind in ("category", "text")
            and pa.types.is_floating(values.type)
            and pc.all(pc.equal(values, pc.floor(values))).as_py()
        ):
            return values.cast(pa.int64(), safe=False)  # whole numbers, made floating by a missing one
        return values
    except pa.ArrowInvalid as error:
        rule = f"column '{name}' cannot be read as {kind} ({shorten(error, 100)})"
        raise RunError(Problem(path, rule, f"mend it, or set dataset.types.{name}=category")) from error


def _none(type_):
    import pyarrow as pa

    return pa.nulls(0, type_)
