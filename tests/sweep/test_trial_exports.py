"""Trials that export: measured on validation rows, and only where that is asked for."""

from __future__ import annotations

import json

import pytest

from tfrun.apart import apart
from tfrun.component import plain


@pytest.fixture(scope="module")
def mapping(module) -> dict:
    from tfrun import load

    experiment = load([
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "tracking=none",
        "training.epochs=1", "export=[saved_model]", "sweep.exports=true",
    ])  # fmt: skip
    return plain(experiment)


def test_its_files_are_measured_on_the_validation_split(mapping, tmp_path):
    answer = apart("tfrun.sweep.trial:work", mapping=mapping, directory=str(tmp_path / "0"), until=None)
    (artifact,) = answer["artifacts"]
    assert artifact["metrics"]["accuracy"] == pytest.approx(answer["measured"]["accuracy"]) and artifact[
        "retention"
    ] == pytest.approx(1)
    assert artifact["bytes"] > 1000 and artifact["latency_ms"]["p50"] > 0
    assert (tmp_path / "0" / artifact["path"] / "saved_model.pb").is_file()
    assert "test" not in json.loads((tmp_path / "0/result.json").read_text())["metrics"]


def test_a_trial_leaves_no_files_otherwise(mapping, tmp_path):
    without = {**mapping, "sweep": {**mapping["sweep"], "exports": False}}
    answer = apart("tfrun.sweep.trial:work", mapping=without, directory=str(tmp_path / "0"), until=None)
    assert answer["state"] == "done" and answer.get("artifacts", []) == [] and not (tmp_path / "0/exports").exists()
