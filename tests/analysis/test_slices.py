"""Slices as they are typed, and where a run has cut its numbers."""

import pytest

from tfrun import ConfigError
from tfrun.analysis.slices import columns, edges, parsed


@pytest.mark.parametrize(
    "text", ["carrier,origin,carrier×origin", " carrier, origin, carrier × origin", "[carrier,origin,[carrier,origin]]"]
)
def test_both_ways_to_type_slices_mean_the_same(text):
    assert parsed(text) == [("carrier",), ("origin",), ("carrier", "origin")] and columns(parsed(text)) == ["carrier", "origin"]


def test_auto_looks_at_all_rows_at_once_and_is_left_out():
    assert parsed("auto,carrier") == parsed("[auto,carrier]") == [("carrier",)]


def test_what_is_no_list_is_told():
    with pytest.raises(ConfigError, match=r"--slices = \[a,\[b\]: is no YAML list; as \[carrier"):
        parsed("[a,[b]")
    with pytest.raises(ConfigError, match="--slices = 7: names no column, nor columns to cross") as error:
        parsed("[7, a, {a: b}, []]")
    assert len(error.value.problems) == 3


def test_edges_are_those_of_the_run_also_of_crossed_columns():
    values = dict.fromkeys(["≤ 2 × > 17", "2 … 4 × ≤ 5.5", "> 4 × 5.5 … 17"])
    result = {"slices": {"test": {"hour × wind": values, "carrier": {"AA": {}}}}}
    assert edges(result, "hour") == [2, 4] and edges(result, "wind") == [5.5, 17]
    assert edges(result, "carrier") == edges(result, "elsewhere") == []
