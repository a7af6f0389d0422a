"""Slices of columns of words, of numbers, and of pairs of columns."""

from types import SimpleNamespace

import numpy as np

from tfrun.evaluation.slices import edges_of, slicing


def split(columns: dict, facts: dict | None = None):
    return SimpleNamespace(columns={k: np.array(v, object) for k, v in columns.items()}, facts=facts or {})


def by_value(found) -> dict:
    return {value: np.flatnonzero(found.codes == at).tolist() for at, value in enumerate(found.values)}


def test_a_column_of_words_has_a_slice_a_value():
    assert by_value(slicing(split({"camera": ["new", "old", "new", None]}), "camera")) == {"": [3], "new": [0, 2], "old": [1]}


def test_columns_are_crossed():
    found = slicing(split({"a": ["x", "x", "y", "y"], "b": ["1", "2", "1", "1"]}), ["a", "b"])
    assert found.name == "a × b" and by_value(found) == {"x × 1": [0], "x × 2": [1], "y × 1": [2, 3]}


def test_many_numbers_are_cut_at_their_quartiles_and_missing_ones_are_apart():
    numbers = np.r_[np.arange(100.0), np.nan]
    found = slicing(split({}, {"age": numbers}), "age")
    assert found.values == ["≤ 24", "24 … 49", "49 … 74", "> 74", ""]
    assert found.rows.tolist() == [25, 25, 25, 25, 1] and found.codes[100] == 4


def test_few_numbers_are_values():
    assert slicing(split({}, {"month": np.array([10.0, 2, 2])}), "month").values == ["2", "10"]


def test_numbers_that_are_nearly_all_the_same():
    found = slicing(split({}, {"rain": np.r_[np.zeros(95), np.arange(1, 21.0)]}), "rain")
    assert found.values == ["≤ 0", "> 0"] and found.rows.tolist() == [95, 20]


def test_of_very_many_values_the_largest_are_kept():
    names = [f"customer {number}" for number in range(100_000)] + ["customer 7"] * 3 + ["customer 5"] * 2
    found = slicing(split({"customer": names}), "customer").largest(2)
    assert found.values == ["customer 5", "customer 7"] and found.rows.tolist() == [3, 4] and found.left_out == 99_998


def test_ranges_tell_the_edges_they_were_made_of():
    assert edges_of(["", "> 17", "6.90468 … 17", "≤ 6.90468", "-3 … 6.90468"]) == [-3, 6.90468, 17]
    assert edges_of(["2", "10"]) == [] and edges_of(["≤ a few", "> many"]) == []
