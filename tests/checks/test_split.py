"""A split is the same however its stream is cut, and merged parts are the whole."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.checks.conftest import from_csv
from tfrun.checks import Roles
from tfrun.checks.blocks import blocks
from tfrun.checks.gather import accumulate
from tfrun.checks.split import SplitAccumulator
from tfrun.checks.statistics import statistics
from tfrun.config.problems import RunError

ROLES = Roles("late")


def whole(table, rows):
    return accumulate(iter(table.to_batches(max_chunksize=rows)), ROLES, 500)


@pytest.mark.parametrize("rows", [1, 37, 6000])
def test_cuts_of_the_stream_change_nothing(flights, rows):
    table = flights.slice(0, 1500)
    one, other = whole(table, rows), whole(table, 999)
    assert statistics({"train": one}) == statistics({"train": other})
    assert np.array_equal(one.sample.hashes, other.sample.hashes)
    assert all(
        np.array_equal(values, other.sample.columns[name], equal_nan=values.dtype.kind == "f")
        for name, values in one.sample.columns.items()
    )


def test_merged_parts_are_the_whole_in_any_order(flights):
    parts = []
    for start in (4000, 0, 2000):
        part = SplitAccumulator(ROLES, 500)
        part.add(flights.slice(start, 2000).combine_chunks().to_batches()[0])
        parts.append(part)
    right, left = SplitAccumulator(ROLES, 500), SplitAccumulator(ROLES, 500)
    parts[1].merge(parts[2])
    for part in (parts[0], parts[1]):
        right.merge(part)
    left.merge(whole(flights, 6000))
    one, other = (statistics({"train": found}).datasets[0] for found in (right, left))
    for mine, theirs in zip(one.features, other.features):
        for name in ("mean", "std_dev"):
            assert getattr(mine.num_stats, name) == pytest.approx(getattr(theirs.num_stats, name), rel=1e-9)
            for feature in (mine, theirs):
                if feature.WhichOneof("stats") == "num_stats":
                    feature.num_stats.ClearField(name)
        assert mine == theirs
    assert np.array_equal(right.sample.hashes, left.sample.hashes)


def test_blocks_have_one_size_until_the_columns_change():
    numbers = pa.table({"x": range(10)}).to_batches(max_chunksize=3)
    words = pa.table({"x": ["a"] * 3}).to_batches()
    assert [block.num_rows for block in blocks([*numbers, *words], rows=4)] == [4, 4, 2, 3]


def test_every_kind_of_arrow_column_is_described():
    batch = pa.record_batch({
        "flag": pa.array([True, False, None]), "when": pa.array([1, 2, 3], pa.timestamp("s")), "day": pa.array([1, 2, 3], pa.date32()),
        "small": pa.array([1, 2, 3], pa.uint8()), "half": pa.array(np.array([1, 2, 3], np.float16)),
        "price": pa.array([1, 2, 3], pa.decimal128(20, 2)), "word": pa.array(["a", "b", "a"]).dictionary_encode(),
        "view": pa.array(["a", "b", None], pa.string_view()), "many": pa.array([[1, 2], [], None], pa.list_(pa.int64())),
        "vector": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)), "parts": pa.array([{"a": 1}] * 3), "none": pa.nulls(3),
        "häßlich ✓": pa.array(["ä"] * 3),
    })  # fmt: skip
    found = accumulate(iter([batch]), Roles("flag"), 100)
    kinds = {name: column.kind for name, column in found.columns.items()}
    assert kinds == {
        "flag": "int", "when": "int", "day": "int", "small": "int", "half": "float", "price": "float", "word": "string",
        "view": "string", "many": "int", "vector": "float", "parts": "struct", "none": "none", "häßlich ✓": "string",
    }  # fmt: skip
    many = statistics({"train": found}).datasets[0].features[8].num_stats.common_stats
    assert (many.num_non_missing, many.num_missing, many.min_num_values, many.max_num_values, many.tot_num_values) == (
        2,
        1,
        0,
        2,
        2,
    )


@pytest.mark.parametrize(("vectors", "held"), [
    ([[1.0, 2.0], None, [3.0, 4.0]], [[1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]]),
    ([[1.0, 2.0], [3.0]], None), ([[1.0, None], [3.0, 4.0]], None), ([[], []], None), ([None, None], None),
])  # fmt: skip
def test_vectors_of_one_length_are_sampled(vectors, held):
    batch = pa.record_batch({"vector": pa.array(vectors, pa.list_(pa.float32()))})
    found = accumulate(iter([batch]), Roles("y", embeddings=("vector",)), 100).sample.columns.get("vector")
    assert (found is None) if held is None else sorted(map(str, found.tolist())) == sorted(map(str, held))


def test_a_column_that_is_not_in_every_block_is_missing_there():
    found = accumulate(iter([*from_csv("a,b\n1,2").to_batches(), *from_csv("a\n3").to_batches()]), Roles("a"), 100)
    common = statistics({"train": found}).datasets[0].features[1].num_stats.common_stats
    assert (common.num_non_missing, common.num_missing) == (1, 1)


def test_a_name_that_is_there_twice_is_one_line():
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pytest.raises(RunError, match="has the column 'x' twice"):
        accumulate(iter([batch]), Roles("x"), 100)


def test_memory_holds_no_rows(flights):
    import pickle

    table = pa.concat_tables([flights] * 20)
    roles = Roles("late")
    small, large = (len(pickle.dumps(accumulate(iter(part.to_batches()), roles, 500))) for part in (flights, table))
    assert large < 1.1 * small
