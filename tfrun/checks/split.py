"""All that is known of one split: made block by block, merged with what another process knows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.checks.column import Column
from tfrun.checks.encoded import Encoded, encode
from tfrun.checks.fingerprints import Fingerprints
from tfrun.checks.hashing import hashed, mixed
from tfrun.checks.roles import Roles
from tfrun.checks.sample import Sample
from tfrun.config.problems import Problem, RunError

_SALTS = mixed(np.arange(4096, dtype=np.uint64))  # so that the same value in another column is another hash


class SplitAccumulator:
    """columns: by name, in the order of the first block. fingerprints: of the digest column, or of each text column.

    Memory does not grow with the rows: each part says its own bound. ordered: False where blocks come in any order, so that a row
    without an id has no name.
    """

    def __init__(self, roles: Roles, sample_rows: int, ordered: bool = True) -> None:
        self.roles, self.ordered = roles, ordered
        self.rows = 0
        self.columns: dict[str, Column] = {}
        self.fingerprints: dict[str, Fingerprints] = {}
        self.sample = Sample(sample_rows)

    def add(self, block: pa.RecordBatch) -> None:
        """Raises RunError where a name is there twice."""
        twice = [name for name, count in Counter(block.schema.names).items() if count > 1]
        if twice:
            raise RunError(Problem("dataset", f"has the column '{twice[0]}' twice", "rename one of them"))
        encoded = {name: encode(block.column(name)) for name in block.schema.names if name not in self.roles.marks}
        for name, column in encoded.items():
            self._column(name).add(column, lambda rows: self._names(block, rows))
        self._mark(block)
        self._mark_texts(encoded)
        self._draw(block, encoded)
        self.rows += block.num_rows

    def merge(self, other: SplitAccumulator) -> None:
        self.rows += other.rows
        for name, column in other.columns.items():
            self._column(name).merge(column)
        for name, marks in other.fingerprints.items():
            self.fingerprints.setdefault(name, Fingerprints()).merge(marks)
        self.sample.merge(other.sample)

    def inputs(self) -> list[str]:
        return self.roles.inputs(self.columns)

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            self.columns[name] = Column(text=name in self.roles.texts)
        return self.columns[name]

    def _names(self, block: pa.RecordBatch, rows: np.ndarray) -> list[str]:
        if self.roles.ids in block.schema.names:
            return [str(value) for value in block.column(self.roles.ids).take(pa.array(rows)).to_pylist()]
        return [f"row {self.rows + row}" for row in rows.tolist()] if self.ordered else []

    def _mark(self, block: pa.RecordBatch) -> None:
        if self.roles.digest not in block.schema.names:
            return
        digests, looks = block.column(self.roles.digest), None
        present = np.asarray(digests.is_valid())
        if self.roles.dhash in block.schema.names:
            looks = np.asarray(pc.fill_null(block.column(self.roles.dhash), 0).cast(pa.uint64()))[present]
        self.fingerprints.setdefault(self.roles.digest, Fingerprints()).add(hashed(digests.drop_null().to_pylist()), looks)

    def _mark_texts(self, encoded: dict[str, Encoded]) -> None:
        """Where the rows have no digest, repeated texts are found by their own hashes."""
        for name in () if self.roles.digest else self.roles.texts:
            column = encoded.get(name)
            if column is not None and column.words is not None and column.lengths is None:
                self.fingerprints.setdefault(name, Fingerprints()).add(mixed(column.hashes)[column.codes])

    def _draw(self, block: pa.RecordBatch, encoded: dict[str, Encoded]) -> None:
        hashes = np.zeros(block.num_rows, np.uint64)
        for number, column in enumerate(encoded.values()):
            bits = column.bits()
            if bits is not None:
                hashes += mixed(bits ^ _SALTS[number % len(_SALTS)])
        hashes = mixed(hashes)
        drawn = {*self.roles.inputs(encoded), self.roles.label} - set(self.roles.texts)
        columns = {name: column.column() for name, column in encoded.items() if name in drawn and column.lengths is None}
        columns |= {name: dense(encoded[name]) for name in self.roles.embeddings if name in encoded}
        self.sample.add(hashes, {name: values for name, values in columns.items() if values is not None})


def dense(column: Encoded) -> np.ndarray | None:
    """float32 [rows, n] of lists of one length, NaN for none; None where they differ in length or have gaps."""
    if column.numbers is None or column.lengths is None or not len(column.numbers):
        return None
    width = int(column.lengths[0])
    if (column.lengths != width).any() or len(column.numbers) != width * len(column.lengths):
        return None
    values = np.full((column.rows, width), np.nan, np.float32)
    values[column.present] = column.numbers.reshape(-1, width)
    return values
