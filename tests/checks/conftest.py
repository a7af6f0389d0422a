"""Tables from CSV, as a reader would stream them."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from tests.conftest import ROOT

EMPTY_IS_NULL = csv.ConvertOptions(strings_can_be_null=True)


def from_csv(text: str) -> pa.Table:
    return csv.read_csv(io.BytesIO(text.encode()), convert_options=EMPTY_IS_NULL)


def stream(table: pa.Table, rows: int = 1000):
    """A callable that starts the batches of `table` anew."""
    return lambda: iter(table.to_batches(max_chunksize=rows))


def split(table: pa.Table, seed: int = 0, parts=(0.65, 0.15, 0.2)):
    """Streams by split of shuffled rows."""
    order = np.random.default_rng(seed).permutation(table.num_rows)
    ends = (np.cumsum(parts) * table.num_rows).round().astype(int)
    pieces = np.split(order, ends[:-1])
    return {name: stream(table.take(pa.array(rows))) for name, rows in zip(("train", "validation", "test"), pieces)}


@pytest.fixture(scope="session")
def flights() -> pa.Table:
    return csv.read_csv(ROOT / "tfrun/samples/flights/flights.csv.gz", convert_options=EMPTY_IS_NULL)


@pytest.fixture(scope="session")
def sentiment() -> pa.Table:
    return csv.read_csv(ROOT / "tfrun/samples/sentiment/sentiment.csv.gz", convert_options=EMPTY_IS_NULL)
