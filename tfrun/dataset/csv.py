"""Comma-separated tables, also with other delimiters, compressed, or in several files."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, shorten
from tfrun.dataset.files import opened
from tfrun.dataset.tabular import Batch, Header, Tabular

if TYPE_CHECKING:
    pass

_DELIMITERS = ",;\t|"
_PEEK = 2**20  # bytes that kinds are inferred from
_BLOCK = 32 * 2**20  # bytes that are parsed at once: no row may be longer
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Csv(Tabular):
    """CSV files: a header, then a row a line; UTF-8 (with or without a byte order mark) unless `encoding` says otherwise.

    An empty field is a missing one. Numbers may also be missing as NA, NaN, null and the like (`missing`); in categories and
    texts these are words as any other.
    """

    delimiter: str | None = setting(
        None, "between fields; null: whichever of , ; tab | splits the header", min_length=1, max_length=2
    )
    encoding: str = setting("utf-8", "of the file: utf-8, latin-1, utf-16 …")
    missing: list[str] = setting(
        lambda: ["", "NA", "N/A", "#N/A", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "?"],
        "how a missing number is spelled",
    )

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = "\t" if value == "\\t" else value
        if value is not None and len(value) != 1:
            raise ValueError("must be one character (\\t: a tab)")
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError("is no encoding that Python knows; use utf-8, latin-1 or utf-16") from error
        return value

    def _header(self, path: str) -> Header:
        import pyarrow as pa
        from pyarrow import csv as arrow

        from tfrun.dataset.kinds import kind_of, odd_one

        text = self._first_rows(path)
        names, delimiter = self._names(path, text)
        try:
            table = arrow.read_csv(
                io.BytesIO(text.encode()),
                read_options=arrow.ReadOptions(use_threads=False, block_size=2 * _BLOCK, column_names=names, skip_rows=1),
                parse_options=arrow.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda row: "skip"
                ),
                convert_options=arrow.ConvertOptions(null_values=self.missing, strings_can_be_null=False),
            )
        except pa.ArrowInvalid as error:
            raise RunError(_explained(path, error, names)) from error
        columns = {name: table.column(name).combine_chunks() for name in names}
        kinds = {name: kind_of(values.type, values) for name, values in columns.items()}
        found = {name: odd_one(values) for name, values in columns.items()}
        odd = ((place[0] + 2, name, shorten(place[1], 40)) for name, place in found.items() if place)
        return Header(kinds, tuple(odd))

    def _first_rows(self, path: str) -> str:
        """Whole rows, without a byte order mark; more is read where the first row is very long."""
        for size in (_PEEK, _BLOCK):
            text = self._first_text(path, size)
            whole = text if len(text) < size // 4 else _whole_rows(text)
            if whole.count("\n") > 1 or len(text) < size // 4:
                return whole
        return text

    def _first_text(self, path: str, size: int = _PEEK) -> str:
        """Of at most `size` bytes."""
        with opened(path) as stream:
            content = stream.read(size)
        if not content.strip():
            raise RunError(Problem(path, "is empty", "a table needs a header and rows"))
        for mark, name in _BOMS.items():
            if content.startswith(mark) and not self.encoding.lower().replace("_", "-").startswith("utf-16"):
                raise RunError(Problem(path, f"is {name}, not {self.encoding}", f"set dataset.encoding={name}"))
        if b"\0" in content and not self.encoding.lower().startswith("utf-"):
            raise RunError(Problem(path, "is no text: it holds zero bytes", "name a CSV file"))
        return self._decoded(content, path).removeprefix("\ufeff")

    def _decoded(self, content: bytes, path: str) -> str:
        try:
            text = codecs.getincrementaldecoder(self.encoding)().decode(content)
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise RunError(_not_decoded(path, f"in line {line}", self.encoding)) from error
        if "\0" in text:
            raise RunError(Problem(path, "is no text: it holds zero bytes", "name a CSV file, or set dataset.encoding"))
        return text

    def _names(self, path: str, text: str) -> tuple[list[str], str]:
        """Of the columns, and the delimiter."""
        delimiter = self.delimiter or _delimiter(text)
        names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])]
        for number, name in enumerate(names, start=1):
            if not name:
                raise RunError(Problem(path, f"column {number} has no name", "name it in the header"))
            if names.index(name) != number - 1:
                rule = f"columns {names.index(name) + 1} and {number} are both called '{name}'"
                raise RunError(Problem(path, rule, "rename one"))
        if len(names) == 1 and self.delimiter:
            raise RunError(Problem("dataset.delimiter", f"does not split the header of {path}", "give another", self.delimiter))
        return names, delimiter

    def _batches(self, path, kinds, tell) -> Iterator[Batch]:
        from tfrun.dataset.csv_values import numbers_of

        done = 1
        try:
            for batch in self._read(path, kinds, tell, careful=False):
                done = int(batch.lines[-1]) if len(batch.lines) else done
                yield batch
        except _NotNumbers:
            # The rest again, with numbers as text, so that each wrong one is found with its line.
            for batch in self._read(path, kinds, tell, careful=True):
                new = batch.lines > done
                if new.any():
                    rows, lines = batch.rows.slice(int(new.argmax())), batch.lines[new]
                    yield Batch(path, *numbers_of(path, rows, lines, kinds, self.missing, tell))

    def _read(self, path, kinds, tell, careful: bool) -> Iterator[Batch]:
        """careful: numbers and times stay strings."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        names, delimiter = self._names(path, self._first_text(path))
        ragged: list[tuple[int, int]] = []

        def on_ragged(row) -> str:
            ragged.append((row.number, row.actual_columns))
            return "skip"

        line = 1
        try:
            with opened(path) as stream:
                blocks = arrow.open_csv(
                    stream,
                    read_options=arrow.ReadOptions(
                        use_threads=False, block_size=_BLOCK, encoding=self.encoding, column_names=names, skip_rows=1
                    ),
                    parse_options=arrow.ParseOptions(
                        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=on_ragged
                    ),
                    convert_options=arrow.ConvertOptions(
                        column_types={name: _type(kind, careful) for name, kind in kinds.items()}, include_columns=list(kinds),
                        null_values=self.missing, strings_can_be_null=False,
                    ),
                )  # fmt: skip
                for rows in blocks:
                    lines = _lines(line, rows.num_rows, {at for at, _ in ragged})
                    line = int(lines[-1]) if len(lines) else line
                    yield Batch(path, rows, lines)
        except pa.ArrowInvalid as error:
            if "conversion error" in str(error) and "UTF8" not in str(error) and not careful:
                raise _NotNumbers from error
            raise RunError(_explained(path, error, list(kinds))) from error
        except UnicodeDecodeError as error:
            raise RunError(_not_decoded(path, f"after line {line}", self.encoding)) from error
        for at, fields in ragged:
            tell(path, at, f"has {fields} fields where the header has {len(names)}")


class _NotNumbers(Exception):
    """A column of numbers or times holds something else."""


def _type(kind: str, careful: bool):
    import pyarrow as pa

    if kind == "number":
        return pa.large_string() if careful else pa.float64()
    if kind == "time":
        return pa.large_string() if careful else pa.timestamp("us")
    return pa.large_string()


def _lines(last: int, count: int, left_out: set[int]) -> np.ndarray:
    """int64 [count]: the lines after `last` that were not left out."""
    lines = np.arange(last + 1, last + 1 + count + len(left_out), dtype=np.int64)
    return lines[~np.isin(lines, np.fromiter(left_out, np.int64))][:count] if left_out else lines


def _whole_rows(text: str) -> str:
    """Up to the last line break that is in no quoted field."""
    end = len(text)
    while (end := text.rfind("\n", 0, end)) > 0:
        if text.count('"', 0, end) % 2 == 0:
            return text[: end + 1]
    return ""


def _delimiter(text: str) -> str:
    """The one that splits the header into most columns."""
    header = text.partition("\n")[0]
    counts = {each: len(next(csv.reader([header], delimiter=each), [])) for each in _DELIMITERS}
    return max(counts, key=counts.__getitem__)


def _explained(path: str, error: Exception, names: list[str]) -> Problem:
    """What Arrow says, with the column's name and the line."""
    text = " ".join(str(error).split())
    line = re.search(r"Row #(\d+)", text)
    where = f"in line {line[1]} " if line else ""
    if "UTF8" in text or "utf-8" in text:
        return _not_decoded(path, where, "utf-8")
    if "straddling" in text:
        return Problem(path, f"has a row of more than {_BLOCK // 2**20} MB", "is a quote missing? Else cut long texts")
    return Problem(path, f"cannot be parsed as CSV ({shorten(text, 160)})", "mend the file, or set dataset.delimiter")


def _not_decoded(path: str, where: str, encoding: str) -> Problem:
    rule = f"holds characters {where.strip()} that are no {encoding}".replace("  ", " ")
    return Problem(path, rule, "set dataset.encoding (latin-1 reads any file; cp1252 is what Windows writes)")
