"""Columns to numbers: what is fitted, on what, and that the exported path is the training path."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import tensorflow as tf

from tests.dataset.test_csv import FLIGHTS, table, write
from tfrun.backbone.none import NoBackbone
from tfrun.config.problems import RunError
from tfrun.dataset.csv import Csv
from tfrun.transform.auto import Auto
from tfrun.transform.batches import transformed
from tfrun.transform.dates import calendar
from tfrun.transform.table import Table


@pytest.fixture(scope="module")
def flights():
    return Csv(file=str(FLIGHTS), label="late", ignore=["arr_delay"]).open()


@pytest.fixture()
def small(tmp_path):
    """Numbers, categories, times and texts, some of them missing."""
    rows = [",,,,a", "3.5,red,,another note of other words,b", ",blue,2024-02-01T18:30:00Z,,a"] * 4
    return Csv(file=write(tmp_path, table(*rows).replace(",a\n", ",aa\n"))).open()


EVERYTHING = {
    "numbers": "both", "buckets": 4, "min_count": 2, "crosses": [["colour", "size"]], "dates": ["year", "month", "day", "weekday", "hour"],
}  # fmt: skip


def vectors(transform, split) -> np.ndarray:
    return np.concatenate(list(transformed(split, transform, 16)))


def column(transform, name: str, kind: str) -> slice:
    (block,) = [block for block in transform.columns if block.inputs == (name,) and block.kind == kind]
    return slice(block.start, block.start + block.size)


def test_auto_takes_tables(flights):
    transform = Auto().build(flights, NoBackbone())
    out = vectors(transform, flights.splits["test"])
    assert out.shape == (1200, *transform.output_shape) and out.dtype == np.float32 and np.isfinite(out).all()
    assert sum(block.size for block in transform.columns) == out.shape[1]


def test_numbers_have_mean_0_and_variance_1_over_the_training_rows(flights):
    transform = Table().build(flights, NoBackbone())
    out = vectors(transform, flights.splits["train"])
    for name in ("distance", "temp"):
        known = out[~np.isnan(flights.splits["train"].facts[name]), column(transform, name, "number")]
        assert abs(known.mean()) < 1e-4 and abs(known.std() - 1) < 1e-4
    age, lacks = out[:, column(transform, "plane_age", "number")], out[:, column(transform, "plane_age", "missing")]
    missing = np.isnan(flights.splits["train"].facts["plane_age"])
    assert (age[missing] == 0).all() and (lacks[:, 0] == missing).all()


def test_buckets_hold_equal_shares(flights):
    transform = Table(numbers="quantiles", buckets=5).build(flights, NoBackbone())
    shares = vectors(transform, flights.splits["train"])[:, column(transform, "distance", "bucket")].mean(axis=0)
    assert len(shares) == 5 and (abs(shares - 0.2) < 0.05).all()


def test_rare_categories_share_a_column_and_many_are_hashed(flights):
    transform = Table(min_count=300).build(flights, NoBackbone())
    carriers = flights.splits["train"].columns["carrier"]
    names, counts = np.unique(carriers.astype(str), return_counts=True)
    out = vectors(transform, flights.splits["train"])[:, column(transform, "carrier", "category")]
    assert out.shape[1] == (counts >= 300).sum() + 1 and (out.sum(axis=1) == 1).all()
    rare = np.isin(carriers.astype(str), names[counts < 300])
    assert (out[:, 0] == rare).all()
    hashed = Table(max_categories=5, hash_bins=7, min_count=1).build(flights, NoBackbone())
    assert vectors(hashed, flights.splits["test"])[:, column(hashed, "carrier", "category")].shape[1] == 7


def test_a_cross_tells_pairs_apart(flights):
    transform = Table(min_count=1, crosses=[["carrier", "origin"]], cross_bins=10_000).build(flights, NoBackbone())
    split = flights.splits["test"]
    (block,) = [block for block in transform.columns if block.kind == "cross"]
    chosen = vectors(transform, split)[:, block.columns].argmax(axis=1)
    pairs = split.columns["carrier"].astype(str) + "/" + split.columns["origin"].astype(str)
    known = dict(zip(pairs, chosen, strict=True))
    assert len(set(known.values())) == len(known) and all(known[pair] == bin for pair, bin in zip(pairs, chosen, strict=True))
    few = Table(min_count=1, crosses=[["carrier", "origin"]], cross_bins=8).build(flights, NoBackbone())
    assert [block.size for block in few.columns if block.kind == "cross"] == [8]


def test_the_calendar_is_that_of_python():
    moments = [dt.datetime(1, 3, 1), dt.datetime(1969, 12, 31, 23), dt.datetime(2000, 2, 29, 5), dt.datetime(2024, 12, 31, 23, 59),
               dt.datetime(2100, 3, 1), dt.datetime(1900, 2, 28)]  # fmt: skip
    seconds = [(moment - dt.datetime(1970, 1, 1)).total_seconds() for moment in moments]
    found = {name: value.numpy().tolist() for name, value in calendar(tf.constant(seconds, tf.float64)).items()}
    assert found == {
        "year": [m.year for m in moments], "month": [m.month for m in moments], "day": [m.day for m in moments],
        "weekday": [m.weekday() for m in moments], "hour": [m.hour for m in moments],
    }  # fmt: skip


def test_nothing_of_validation_or_test_changes_what_is_fitted(tmp_path):
    rows = table().splitlines()
    header, body = rows[0].replace("label", "split,label"), [row.rpartition(",") for row in rows[1:]]
    names = ["train", "validation", "test"]
    text = "\n".join([header, *(f"{rest},{names[n % 3]},{label}" for n, (rest, _, label) in enumerate(body))])
    other = "\n".join(
        row if n % 3 == 0 else f"1e9,green,1990-01-01,nothing like the rest of them,{names[n % 3]},{row[-1]}"
        for n, row in enumerate(text.splitlines()[1:])
    )
    kinds = {"types": {"note": "text"}}
    first = Csv(file=write(tmp_path, text + "\n", "a.csv"), **kinds).open()
    second = Csv(file=write(tmp_path, text.splitlines()[0] + "\n" + other + "\n", "b.csv"), **kinds).open()
    fits = [Table(**EVERYTHING).build(data, NoBackbone()) for data in (first, second)]
    assert fits[0].fitted == fits[1].fitted
    assert (vectors(fits[0], first.splits["train"]) == vectors(fits[1], second.splits["train"])).all()


def test_the_exported_path_is_the_training_path(small, tmp_path):
    transform = Table(**EVERYTHING).build(small, NoBackbone())
    assert {block.kind for block in transform.columns} == {
        "number", "missing", "bucket", "category", "cyclic", "terms", "cross",
    }  # fmt: skip
    exported = tf.Module()
    exported.transform = transform
    specs = {spec.name: tf.TensorSpec([None], spec.dtype) for spec in small.inputs}
    exported.call = tf.function(lambda **raw: {"vector": transform(raw)})
    tf.saved_model.save(exported, str(tmp_path / "m"), signatures=exported.call.get_concrete_function(**specs))
    loaded = tf.saved_model.load(str(tmp_path / "m")).signatures["serving_default"]
    for split in small.splits.values():
        trained = vectors(transform, split)
        for number, row in enumerate(split.inputs()):
            served = loaded(**{name: tf.constant(np.asarray(value)[None]) for name, value in row.items()})["vector"]
            np.testing.assert_allclose(served[0], trained[number], atol=1e-6)


def test_unseen_values_are_other_and_missing_numbers_never_nan(small):
    transform = Table(**EVERYTHING).build(small, NoBackbone())
    raw = {"size": np.float32([np.nan]), "colour": [b"never seen"], "when": np.float64([np.nan]), "note": [b""]}
    out = transform({name: tf.constant(value) for name, value in raw.items()}).numpy()[0]
    assert np.isfinite(out).all() and out[column(transform, "colour", "category")][0] == 1


def test_dates_can_be_one_hot(small):
    transform = Table(cyclic=False, dates=["month"]).build(small, NoBackbone())
    out = vectors(transform, small.splits["train"])[:, column(transform, "when", "date")]
    lacks = np.isnan(small.splits["train"].facts["when"])
    assert out.shape[1] == 12 and (out.sum(axis=1) == ~lacks).all()


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"crosses": [["colour", "siz"]]}, "did you mean 'size'"),
        ({"crosses": [["colour", "when"]]}, "is a time; cross categories and numbers"),
    ],
)
def test_crosses_of_what_cannot_be_crossed_are_told(small, settings, hint):
    with pytest.raises(RunError, match=hint):
        Table(**settings).build(small, NoBackbone())


def test_pictures_and_backbones_are_refused(fashion, small):
    from tfrun.backbone.hub import Hub

    with pytest.raises(RunError, match="takes tables, the data are of kind image"):
        Table().build(fashion, NoBackbone())
    with pytest.raises(RunError, match="use backbone=none"):
        Table().build(small, Hub(handle="sample:efficientnet_lite0"))


def test_columns_that_are_called_as_numbers_made_of_others_keep_their_values(tmp_path):
    rows = "\n".join(
        f"{'' if n % 3 else n},{n * 10},2024-0{n % 9 + 1}-01,{n % 7},the note of row number {n},{n % 5},{'ab'[n % 2]}"
        for n in range(60)
    )
    header = "x,x_missing,when,when_month,note,note_terms,label\n"
    data = Csv(file=write(tmp_path, header + rows + "\n")).open()
    split = data.splits["train"]
    transform = Table(dates=["month"]).build(data, NoBackbone())
    raw = split.read(tf.constant(split.positions))
    numeric = transform.to_numeric(raw)
    assert list(numeric) == [spec.name for spec in transform.numeric_inputs] and len(numeric) == 7
    assert set(transform.explained) == {"x", "x_missing_", "when_month_", "note_terms_"}
    for name in ("x_missing", "when_month", "note_terms"):
        np.testing.assert_array_equal(numeric[name], raw[name])
    np.testing.assert_array_equal(numeric["x_missing_"], np.isnan(raw["x"]).astype(np.float32))
    np.testing.assert_array_equal(numeric["when_month_"] >= 1, True)
