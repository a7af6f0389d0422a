"""Statistics of all splits, read here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa

from tfrun.checks.blocks import blocks
from tfrun.checks.roles import Roles
from tfrun.checks.split import SplitAccumulator

Tables = Mapping[str, Callable[[], Iterator[pa.RecordBatch]]]


def gather(tables: Tables, roles: Roles, sample_rows: int) -> dict[str, SplitAccumulator]:
    return {name: accumulate(stream(), roles, sample_rows) for name, stream in tables.items()}


def accumulate(batches: Iterator[pa.RecordBatch], roles: Roles, sample_rows: int) -> SplitAccumulator:
    split = SplitAccumulator(roles, sample_rows)
    for block in blocks(batches):
        split.add(block)
    return split
