"""The run directory: claimed once, written whole, readable when broken."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tfrun.component import plain
from tfrun.config.load import load_file
from tfrun.config.problems import RunError
from tfrun.record import Record
from tfrun.record import result as results
from tfrun.record.console import Console
from tfrun.record.result import Result


def opened(small, directory=None) -> Record:
    return Record.open(small, directory, Console(quiet=True))


def test_two_runs_in_one_second_get_two_directories(small, tmp_path):
    experiment = small.model_copy(update={"runs": tmp_path})
    first, second = opened(experiment), opened(experiment)
    assert first.directory != second.directory and first.directory.parent == tmp_path / "quickstart"


def test_the_stored_config_gives_the_same_experiment(small, tmp_path):
    record = opened(small, tmp_path / "run")
    assert load_file(record.directory / "config.yaml") == small
    assert (
        "???" not in (record.directory / "config.yaml").read_text()
        and "${" not in (record.directory / "config.yaml").read_text()
    )


def test_a_directory_that_holds_a_finished_run_is_refused(small, tmp_path):
    opened(small, tmp_path / "run").close()
    (tmp_path / "run/result.json").write_text('{"status": "done"}')
    with pytest.raises(RunError, match="holds a finished run already"):
        opened(small, tmp_path / "run")


def test_an_unfinished_run_of_the_same_config_is_gone_on_with(small, tmp_path):
    first = opened(small, tmp_path / "run")
    first.metrics({"phase": "frozen", "step": 0})
    first.close()
    again = opened(small, tmp_path / "run")
    again.metrics({"phase": "frozen", "step": 0})
    again.metrics({"phase": "frozen", "step": 4})
    again.close()
    steps = [json.loads(line)["step"] for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert again.resumed and not first.resumed and steps == [0, 4]
    with pytest.raises(RunError, match="holds a run of another config that did not finish"):
        opened(small.model_copy(update={"seed": 5}), tmp_path / "run")


def test_a_run_that_goes_on_is_left_alone(small, tmp_path):
    first = opened(small, tmp_path / "run")
    with pytest.raises(RunError, match="another process is at work on this run"):
        opened(small, tmp_path / "run")
    first.close()


def test_a_directory_that_cannot_be_made_is_one_line(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="choose a"):
        opened(small.model_copy(update={"runs": tmp_path / "file"}))
    with pytest.raises(RunError, match="cannot be written"):
        opened(small, Path("/proc/run"))


def test_an_undefined_figure_is_null_in_the_result(tmp_path):
    result = Result("x", tmp_path, 0, metrics={"test": {"auc": math.nan, "accuracy": 1.0}})
    result.write()
    assert json.loads((tmp_path / "result.json").read_text())["metrics"]["test"] == {"auc": None, "accuracy": 1.0}


@pytest.mark.parametrize(("content", "hint"), [(None, "holds no result.json"), ('{"status": "do', "cannot be read")])
def test_a_missing_or_half_written_result_is_one_line(tmp_path, content, hint):
    if content:
        (tmp_path / "result.json").write_text(content)
    with pytest.raises(RunError, match=hint):
        results.read(tmp_path)


def test_stages_are_timed(small, tmp_path, capsys):
    record = Record.open(small, tmp_path / "run", Console())
    with record.stage("data") as stage:
        stage.says = "three rows"
    assert set(record.durations) == {"data"} and "data        three rows" in capsys.readouterr().out
    assert "three rows" in record.log_path.read_text()


def test_plain_values_are_what_yaml_holds(small):
    assert plain(small)["backbone"]["value_range"] == [0.0, 1.0]
    assert plain(small)["backbone"]["_target_"] == "tfrun.backbone.hub.Hub"
