"""Finished runs side by side, in four formats and a page."""

from __future__ import annotations

import csv
import json
import re
import shutil

import pytest

from tests.conftest import tfrun
from tests.sweep.test_page import directory_of
from tfrun.record.comparison import wilson


@pytest.fixture(scope="module")
def runs(module, tmp_path_factory):
    """A sweep of two trials, the better one exported, with slices."""
    return tfrun(
        tmp_path_factory.mktemp("runs"), "-m", "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[saved_model]", "gate=none", "tracking=none", "training.epochs=20", "optimizer.learning_rate=0.01,0.001",
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared(runs) -> dict:
    assert runs.code == 0, runs.err
    done = tfrun(runs.folder, "compare", str(directory_of(runs)), "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_sweep_is_its_done_trials_on_the_split_that_all_have(compared, runs):
    assert [run["name"] for run in compared["runs"]] == ["0", "1"]
    assert {run["split"] for run in compared["runs"]} == {"validation"}, "only the best was measured on the test split"
    result = json.loads((directory_of(runs) / "1/result.json").read_text())
    accuracy = compared["runs"][1]["metrics"]["accuracy"]
    assert accuracy["value"] == result["metrics"]["validation"]["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"] and "low" not in compared["runs"][1]["metrics"]["loss"]
    assert any("best of many trials looks better" in note for note in compared["notes"])


def test_only_what_differs_in_the_configs(compared):
    assert compared["tables"]["What differs in the configs"] == {"optimizer.learning_rate": [0.01, 0.001]}


def test_files_stand_beside_each_other(compared):
    files = compared["tables"]["Exported files"]
    assert sorted(value is None for value in files["saved_model MB"]) == [False, True]
    assert next(filter(None, files["saved_model retention"]))["value"] == pytest.approx(1.0)


def test_a_run_on_the_test_split_is_compared_there(runs, tmp_path):
    best = next(path.parent for path in directory_of(runs).glob("*/report.html"))
    copy = shutil.copytree(best, tmp_path / "other")
    result = json.loads((copy / "result.json").read_text())
    for held in (best, copy):
        result["slices"]["test"] = {"camera": {"new": {"accuracy": 0.5, "rows": 40}, "old": {"accuracy": 1.0, "rows": 4}}}
        (held / "result.json").write_text(json.dumps(result))
    done = tfrun(tmp_path, "compare", str(best), "other", "--format", "json", "--html", "page.html")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert {run["split"] for run in content["runs"]} == {"test"} and not any(
        "best of many" in note for note in content["notes"]
    )
    assert content["tables"]["accuracy by camera"]["old"][0] == pytest.approx(
        {"value": 1.0, "low": 0.5101, "high": 1.0}, abs=1e-4
    )
    page = (tmp_path / "page.html").read_text()
    assert "accuracy by camera" in page and not re.search(r"(src|href)=", page)
    assert "What differs in the configs" not in page, "nothing does"


@pytest.mark.parametrize(
    "kind, says", [("table", "What differs in the configs"), ("markdown", "| optimizer.learning_rate | 0.01 | 0.001 |")]
)
def test_what_is_printed(runs, kind, says):
    done = tfrun(runs.folder, "compare", str(directory_of(runs)), "--format", kind)
    assert done.code == 0 and says in done.out, done.err


def test_csv_has_a_line_a_figure(runs):
    done = tfrun(runs.folder, "compare", str(directory_of(runs)), "--format", "csv")
    rows = list(csv.DictReader(done.out.splitlines()))
    (rate,) = [row for row in rows if row["name"] == "optimizer.learning_rate" and row["run"] == "1"]
    assert rate["value"] == "0.001" and {row["run"] for row in rows} == {"0", "1"}


def test_wrong_directories_are_told_all_at_once_in_one_line_each(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    done = tfrun(tmp_path, "compare", "nowhere", "empty")
    assert done.code == 1 and [line.partition(": is no")[0] for line in done.err.splitlines()] == [
        "run error: nowhere",
        "run error: empty",
    ]
    alone = tfrun(tmp_path, "compare", str(directory_of(runs) / "0"))
    assert alone.code == 1 and "needs at least two runs, and here are 1" in alone.err


def test_a_run_that_did_not_finish_is_refused(runs, tmp_path):
    copy = shutil.copytree(directory_of(runs) / "0", tmp_path / "killed")
    (copy / "result.json").unlink()
    done = tfrun(tmp_path, "compare", str(directory_of(runs) / "1"), "killed")
    assert done.code == 1 and done.err.startswith("run error: killed: holds no result.json") and "Traceback" not in done.err


def test_the_interval_is_wilsons():
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(0.0, 10)[0] == pytest.approx(0, abs=1e-9) and wilson(1.0, 10)[1] == pytest.approx(1)
