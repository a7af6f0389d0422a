"""`check-data`, and what a run does with what the checks find."""

from __future__ import annotations

import json

import pytest

from tests.conftest import tfrun

LEAK = ["+experiment=flights", "dataset.ignore=[day]", "tracking=none"]


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    return tfrun(tmp_path_factory.mktemp("leaking"), "check-data", *LEAK)


def test_a_column_that_gives_the_label_away_is_found_and_the_exit_code_is_4(leaking):
    assert leaking.code == 4 and leaking.err == ""
    assert "error: train: arr_delay: alone tells the label 'late'" in leaking.out
    (directory,) = leaking.folder.glob("runs/flights/*")
    result = json.loads((directory / "result.json").read_text())
    assert result["status"] == "checked"
    errors = [anomaly for anomaly in result["checks"]["anomalies"] if anomaly["severity"] == "error"]
    assert [(anomaly["feature"], anomaly["kind"], anomaly["figure"]) for anomaly in errors] == [("arr_delay", "leakage", 1.0)]
    for name in ("statistics.pb", "schema.pbtxt", "anomalies.pbtxt", "data.html"):
        assert (directory / "data" / name).stat().st_size > 0
    assert not list(directory.glob("exports")) and not list((directory / "checkpoints").iterdir())


def test_the_shipped_table_is_clean_and_drifts_by_month_and_not_from_an_earlier_run(leaking):
    (earlier,) = leaking.folder.glob("runs/flights/*")
    done = tfrun(leaking.folder, "check-data", "+experiment=flights", f"against={earlier}", "tracking=none")
    assert done.code == 0, done.err
    assert "error" not in done.out.replace("0 errors", "") and "the earlier" not in done.out
    assert "temp: is spread otherwise than in train (median 80.96" in done.out and "less so in month 1" in done.out


def test_a_run_stops_before_training_where_the_config_says_so(tmp_path):
    done = tfrun(tmp_path, *LEAK, "checks.on_anomaly=fail")
    assert done.code == 4 and "training" not in done.out
    assert done.err.startswith("data error: arr_delay: (train) alone tells the label 'late'")
    assert done.result["status"] == "failed"


def test_what_is_compared_with_must_be_there_before_anything_is_read(tmp_path):
    done = tfrun(tmp_path, "check-data", "+experiment=flights", "against=nowhere")
    assert done.code == 2 and done.err.startswith("config error: checks.against = nowhere: ")
    assert not (tmp_path / "runs").exists()
