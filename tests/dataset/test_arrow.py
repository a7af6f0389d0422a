"""What the data checks see of an opened data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from tfrun.checks import check_data
from tfrun.dataset import arrow


def batches(data, name: str) -> pa.Table:
    return pa.Table.from_batches(arrow.tables(data)[name]())


def with_facts(data, **facts):
    splits = {
        name: replace(split, facts={key: make(len(split)) for key, make in facts.items()})
        for name, split in data.splits.items()
    }
    return replace(data, splits=splits)


def test_every_row_has_its_label_by_name_its_columns_what_it_is_called_and_its_digest(fashion):
    table, split = batches(fashion, "test"), fashion.splits["test"]
    assert set(table.column_names) == {"label", "origin", "brightness", "row", "digest"} and table.num_rows == len(split)
    assert table["label"].to_pylist() == [fashion.classes[number] for number in split.labels]
    assert table["row"].to_pylist() == split.ids.tolist()
    assert table["digest"].to_pylist() == [digest.tobytes() for digest in split.digests]


def test_nan_and_none_are_missing_values(fashion):
    data = with_facts(
        fashion, width=lambda n: np.where(np.arange(n) % 2, np.nan, 28.0),
        mode=lambda n: np.array(["RGB", None] * (n // 2), object),
    )  # fmt: skip
    table = batches(data, "train")
    assert table["width"].null_count == table["mode"].null_count == len(data.splits["train"]) // 2


def test_a_column_called_row_hides_nothing(fashion):
    data = with_facts(fashion, row=lambda n: np.arange(n))
    roles = arrow.roles(data)
    assert roles.ids == "row_" and "row" in roles.features
    assert batches(data, "test")["row"].to_pylist() == list(range(len(data.splits["test"])))


def test_what_a_picture_looks_like_can_tell_its_label_and_that_is_found(fashion):
    splits = {
        name: replace(split, facts={"width": split.labels * 10 + 28}) for name, split in fashion.splits.items()
    }  # each class by a camera of its own
    data = replace(fashion, splits=splits)
    found = check_data(arrow.tables(data), arrow.roles(data)).anomalies
    assert [(anomaly.feature, anomaly.kind) for anomaly in found] == [("width", "leakage")]


def test_pictures_of_one_size_are_no_anomaly(fashion):
    data = with_facts(fashion, width=lambda n: np.full(n, 28), mode=lambda n: np.full(n, "RGB", object))
    assert check_data(arrow.tables(data), arrow.roles(data)).anomalies == ()


def test_the_samples_rows_are_clean(fashion):
    assert check_data(arrow.tables(fashion), arrow.roles(fashion)).anomalies == ()
