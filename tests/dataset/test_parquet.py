"""The same table from Parquet, and what only Parquet has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.dataset.test_csv import FLIGHTS, table, write
from tfrun.config.problems import RunError
from tfrun.dataset.csv import Csv
from tfrun.dataset.parquet import Parquet


def test_it_is_the_same_table_as_the_csv(tmp_path):
    parquet.write_table(csv.read_csv(FLIGHTS), tmp_path / "flights.parquet", row_group_size=1000)
    same = {"label": "late", "ignore": ["arr_delay"]}
    stored, text = Parquet(file=str(tmp_path / "flights.parquet"), **same).open(), Csv(file=str(FLIGHTS), **same).open()
    assert stored.inputs == text.inputs and stored.classes == text.classes
    for name, split in text.splits.items():
        own = stored.splits[name]
        assert sorted(map(bytes, split.content())) != [] and len(own) == len(split)
    first, again = next(text.splits["test"].inputs()), next(stored.splits["test"].inputs())
    assert first.keys() == again.keys()


def test_types_come_from_the_file(tmp_path):
    count = 30
    columns = {
        "whole": pa.array(range(count)), "share": pa.array([n / 7 for n in range(count)], pa.float32()), "on": pa.array([n % 2 == 0 for n in range(count)]),
        "kind": pa.array(["x", None, "z"] * 10).dictionary_encode(), "day": pa.array(np.datetime64("2024-01-01") + np.arange(count)),
        "label": pa.array([n % 3 == 0 for n in range(count)]),
    }  # fmt: skip
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    dataset = Parquet(file=str(tmp_path / "t.parquet"))
    data = dataset.open()
    assert dataset.says() == "number: whole, share, on; category: kind; time: day" and data.classes == ("false", "true")
    rows = [row for split in data.splits.values() for row in split.inputs()]
    assert {row["kind"] for row in rows} == {b"x", b"", b"z"} and {row["on"] for row in rows} == {0.0, 1.0}


@pytest.mark.parametrize(
    ("columns", "settings", "hint"),
    [
        ({"x": [[1], [2]] * 20, "label": ["a", "b"] * 20}, {}, "column 'x' holds lists, structures or bytes"),
        ({"x": [1.0, 2.0] * 20, "label": ["a", None] * 20}, {}, "line 2 has no value in column 'label'"),
        ({"x": [1.0, float("inf")] * 20, "label": ["a", "b"] * 20}, {}, "holds infinity in column 'x'"),
        ({"x": [1.0, 2.0] * 20, "label": ["a", "b"] * 20}, {"label": "lable"}, "did you mean 'label'?"),
        ({"x": pa.array([], pa.float64()), "label": pa.array([], pa.string())}, {}, "holds no row"),
    ],
)
def test_broken_tables_are_told(tmp_path, columns, settings, hint):
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    dataset = Parquet(file=str(tmp_path / "t.parquet"), **settings)
    with pytest.raises(RunError, match=hint.replace("?", "[?]")):
        dataset.open()


def test_a_list_is_no_obstacle_where_it_is_ignored(tmp_path):
    parquet.write_table(pa.table({"x": [1, 2] * 20, "y": [[1], [2]] * 20, "label": [0, 1] * 20}), tmp_path / "t.parquet")
    data = Parquet(file=str(tmp_path / "t.parquet"), ignore=["y"]).open()
    assert [spec.name for spec in data.inputs] == ["x"] and data.classes == ("0", "1")


def test_what_is_no_parquet_is_told(tmp_path):
    (problem,) = Parquet(file=write(tmp_path, table())).problems()
    assert "is no Parquet file" in str(problem)
