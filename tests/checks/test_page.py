"""The page: whole in one file, says what is wrong first, and lets no value break it."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from tests.checks.conftest import stream
from tfrun.checks import Roles, check_data
from tfrun.checks.charts import bars, curves
from tfrun.checks.page import cards, page
from tfrun.checks.quantiles import Quantiles


def findings(columns=20):
    draw = np.random.default_rng(0)
    table = {f"feature_{number}": draw.normal(size=200) for number in range(columns)}
    table |= {"label": ["yes", "no"] * 100, "<i>name</i>": ["<script>alert(1)</script>", "b"] * 100, "gone": pa.nulls(200)}
    return check_data({"train": stream(pa.table(table)), "test": stream(pa.table(table))}, Roles("label"))


def test_nothing_comes_from_the_network_and_values_are_text():
    text = page(findings())
    assert not re.search(r"(src|href)=\"(?!#)", text) and "http" not in text and "@import" not in text
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<i>name" not in text


def test_the_label_comes_first_and_then_what_is_wrong():
    found = cards(findings())
    assert [card.name for card in found][:3] == ["label", "<i>name</i>", "gone"] and len(found) == 23
    assert {card.level for card in found[1:3]} == {"error"} and {card.level for card in found[3:]} == {"fine"}


def test_a_hundred_features_are_a_page_of_moderate_size():
    assert len(page(findings(100))) < 600_000


def test_splits_share_their_bins_and_the_highest_bin_fills_the_chart():
    one, other = Quantiles(), Quantiles()
    one.add(np.array([1.0, 2.0, 2.0, 3.0]))
    other.add(np.array([5.0]))
    (first, second), low, high = curves({"train": one, "test": other})
    assert (low, high) == ("0.5", "5.5") and first.points.count(" ") == second.points.count(" ")
    assert " 240.0,4.0" in second.points and "60.0,44.0" in first.points


def test_a_far_value_does_not_squeeze_the_others():
    spread = Quantiles()
    spread.add(np.append(np.random.default_rng(0).normal(size=5000), 1e9))
    _, low, high = curves({"train": spread})
    assert float(low) > -4 and float(high) < 4


def test_the_rest_of_the_categories_is_one_bar():
    found = bars({"train": {"a": 6, "b": 3, "c": 1}, "test": {"b": 5, "d": 5}}, 2)
    assert [(bar.value, bar.shares) for bar in found] == [
        ("a", {"train": 60, "test": 0}), ("b", {"train": 30, "test": 50}), ("2 others", {"train": 10, "test": 50}),
    ]  # fmt: skip
    assert bars({"train": {f"id {number}": 1 for number in range(1000)}}, 8) == ()


def test_the_largest_and_smallest_numbers_have_a_chart():
    for values in ([1e308, -1e308, 5e-324], [0.0, 1e-310, 1e-312], [-1e300, 1e300, 0.1] + [float(n) for n in range(50)]):
        spread = Quantiles()
        spread.add(np.array(values))
        (outline,), _, _ = curves({"train": spread})
        heights = [float(point.partition(",")[2]) for point in outline.points.split()]
        assert min(heights) == 4.0 and max(heights) == 84.0
