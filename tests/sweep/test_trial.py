"""One trial in a process of its own: paused, gone on with, ended twice, examined once."""

from __future__ import annotations

import json

import pytest

from tfrun.apart import Failed, apart, server
from tfrun.apart.limits import Limits
from tfrun.component import plain
from tfrun.training.frozen import Frozen

WORK = "tfrun.sweep.trial:work"


@pytest.fixture(scope="module")
def mapping(module) -> dict:
    from tfrun import load

    experiment = load([
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "tracking=none",
    ])  # fmt: skip
    return plain(experiment.model_copy(update={"training": Frozen(epochs=4, batch_size=16)}))


@pytest.fixture(scope="module")
def unbroken(mapping, tmp_path_factory) -> dict:
    directory = tmp_path_factory.mktemp("unbroken") / "0"
    answer = apart(WORK, mapping=mapping, directory=str(directory), until=None)
    return {**answer, "weights": json.loads((directory / "result.json").read_text())["weights_sha256"]}


def test_it_is_measured_on_validation_rows_and_never_on_the_test_split(unbroken):
    assert unbroken["state"] == "done" and {"loss", "accuracy", "seconds", "parameters"} <= set(unbroken["measured"])
    assert 0 <= unbroken["measured"]["accuracy"] <= 1


def test_a_paused_trial_goes_on_to_the_same_weights(mapping, unbroken, tmp_path):
    first = apart(WORK, mapping=mapping, directory=str(tmp_path / "0"), until=1.0)
    assert first["state"] == "paused" and first["epochs"] == 1.0 and "accuracy" in first["measured"]
    again = apart(WORK, mapping=mapping, directory=str(tmp_path / "0"), until=2.0)
    assert (again["state"], again["epochs"]) == ("paused", 2.0)
    last = apart(WORK, mapping=mapping, directory=str(tmp_path / "0"), until=None)
    result = json.loads((tmp_path / "0/result.json").read_text())
    assert last["state"] == "done" and result["weights_sha256"] == unbroken["weights"]
    assert last["measured"]["loss"] == pytest.approx(unbroken["measured"]["loss"], abs=1e-6)
    assert "test" not in result["metrics"]


def test_a_trial_that_has_ended_is_not_done_again(mapping, tmp_path):
    directory = tmp_path / "0"
    answer = apart(WORK, mapping=mapping, directory=str(directory), until=None)
    before = (directory / "metrics.jsonl").stat().st_mtime_ns
    assert apart(WORK, mapping=mapping, directory=str(directory), until=None) == answer
    assert (directory / "metrics.jsonl").stat().st_mtime_ns == before


def test_the_data_are_examined_by_one_trial_for_all(mapping, tmp_path):
    for number in range(2):
        apart(WORK, mapping={**mapping, "seed": number}, directory=str(tmp_path / str(number)), until=1.0)
    assert [(tmp_path / str(number) / "data" / "anomalies.pbtxt").exists() for number in range(2)] == [True, False]


def test_data_that_a_killed_trial_was_examining_are_examined_by_the_next(mapping, tmp_path):
    dataset = {**mapping["dataset"], "_target_": "tests.sweep.waiting.Waiting", "file": str(tmp_path / "file")}
    mapping = {**mapping, "debug": False, "dataset": dataset}
    killed = server().start(WORK, Limits(), mapping=mapping, directory=str(tmp_path / "0"), until=1.0)
    log = tmp_path / "0" / "log.txt"
    while not (log.is_file() and "checks: start" in log.read_text()):
        assert not killed.ended
        server().wait(0.05)
    apart(WORK, mapping=mapping, directory=str(tmp_path / "1"), until=1.0)  # does not wait for the first
    killed.stop()
    with pytest.raises(Failed, match="killed by signal 9"):
        killed.answer()
    (tmp_path / "file").touch()
    for number in (2, 3):
        apart(WORK, mapping=mapping, directory=str(tmp_path / str(number)), until=1.0)
    examined = [(tmp_path / str(number) / "data" / "anomalies.pbtxt").exists() for number in range(4)]
    assert examined == [False, False, True, False]


def test_what_it_raises_comes_with_its_traceback(mapping, tmp_path):
    broken = {**mapping, "backbone": {**mapping["backbone"], "handle": str(tmp_path / "nowhere")}}
    with pytest.raises(Failed, match="backbone.handle") as error:
        apart(WORK, mapping=broken, directory=str(tmp_path / "0"), until=None)
    assert "Traceback" in error.value.traceback
