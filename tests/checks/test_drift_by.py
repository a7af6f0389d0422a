"""Drift along a column: what has moved, and when."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tfrun import RunError
from tfrun.checks import Checks, Roles, check_data

ROLES = Roles("label", features=("height", "colour"), groups=("month",))


@pytest.fixture(scope="module")
def tables():
    """Twelve months; from October on plants are 30 cm higher, and half of them are blue, which none was before."""
    random = np.random.default_rng(0)
    months = np.repeat(np.arange(1, 13), 300)
    late = months >= 10
    table = pa.table(
        {
            "month": months, "height": random.normal(50, 10, len(months)) + 30 * late,
            "colour": np.where(late & (random.random(len(months)) < 0.5), "blue", "green"),
            "label": np.where(random.random(len(months)) < 0.5, "a", "b"),
        }
    )  # fmt: skip
    train = pa.array(months <= 6)
    return {
        "train": lambda: iter(table.filter(train).to_batches()),
        "test": lambda: iter(table.filter(pa.array(months > 6)).to_batches(max_chunksize=77)),
    }


@pytest.fixture(scope="module")
def findings(tables):
    return check_data(tables, ROLES, Checks(drift_by="month", drift_categories=0.6, drift_numbers=0.6))


def test_each_value_is_measured_on_its_rows_of_every_split_in_order(findings):
    assert [(step.value, step.rows) for step in findings.steps] == [(str(month), 300) for month in range(1, 13)]
    figures = {int(step.value): step.figures for step in findings.steps}
    assert set(figures[1]) == {"height", "colour", "label"}
    for month in range(1, 10):
        assert figures[month]["height"] < 0.1 and figures[month]["colour"] == 0
    for month in (10, 11, 12):
        assert figures[month]["height"] > 0.6 and figures[month]["colour"] == pytest.approx(0.5, abs=0.1)


def test_a_feature_that_moved_is_one_warning_that_names_the_worst_and_the_others(findings):
    (warning,) = [anomaly for anomaly in findings.anomalies if anomaly.feature == "height" and anomaly.severity == "warning"]
    assert warning.kind == "drift_numbers" and warning.split in ("month 10", "month 11", "month 12")
    assert "less so in month 1" in warning.text and "49.7379 in train" in warning.text
    assert not [anomaly for anomaly in findings.anomalies if anomaly.feature == "month"]


def test_the_page_and_the_result_have_every_figure(findings, tmp_path):
    page = (findings.write(tmp_path) / "data.html").read_text()
    assert "Drift by month" in page and page.count('class="error"') >= 3
    assert findings.plain()["drift_by"]["12"]["rows"] == 300


def test_no_such_column_and_a_column_of_too_many_values(tables):
    with pytest.raises(RunError, match="checks.drift_by = monht: is no column of the data; did you mean 'month'?"):
        check_data(tables, ROLES, Checks(drift_by="monht"))
    with pytest.raises(RunError, match="checks.drift_by = height: has more than 100 values"):
        check_data(tables, ROLES, Checks(drift_by="height"))
