"""Blocks of rows of one size, however the stream is cut: vectorised work needs many rows at once, and memory few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

ROWS, BYTES = 65_536, 64 << 20


def blocks(batches: Iterable[pa.RecordBatch], rows: int = ROWS, size: int = BYTES) -> Iterator[pa.RecordBatch]:
    """`batches` as blocks of `rows` rows; shorter at the end, where the columns change, and where `size` bytes are reached."""
    held: list[pa.RecordBatch] = []
    count = weight = 0
    for batch in batches:
        if held and batch.schema != held[0].schema:
            yield _joined(held)
            held, count, weight = [], 0, 0
        while batch.num_rows:
            part = batch.slice(0, rows - count)
            batch = batch.slice(part.num_rows)
            held.append(part)
            count, weight = count + part.num_rows, weight + part.nbytes
            if count == rows or weight >= size:
                yield _joined(held)
                held, count, weight = [], 0, 0
    if held:
        yield _joined(held)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return parts[0] if len(parts) == 1 else pa.concat_batches(parts)
