"""Sending a run directory to MLflow: whole, once, later, or not at all."""

from __future__ import annotations

import json

import pytest

from tests.conftest import tfrun
from tfrun.tracking.sync import flattened, shortened


def test_long_parameters_are_cut_and_carry_a_hash():
    first, second = shortened("x" * 10_000 + "a"), shortened("x" * 10_000 + "b")
    assert len(first) <= 500 and first != second and "sha256:" in first
    assert shortened("short") == "short" and shortened([1, 2]) == "[1, 2]"


def test_nested_values_become_dotted_names_that_mlflow_accepts():
    assert flattened({"a": {"b": 1, "c": []}, "d": [{"e": 2}], "f(x)": {}}) == {"a.b": 1, "a.c": [], "d.0.e": 2, "f_x_": {}}


@pytest.fixture(scope="module")
def away(tmp_path_factory, request):
    """A short run whose tracking server is not there, with a longer parameter than MLflow takes."""
    module = request.getfixturevalue("module")
    folder = tmp_path_factory.mktemp("away")
    return tfrun(
        folder, "+experiment=quickstart", "training.epochs=1", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[saved_model]", "gate=none", "tracking.uri=http://127.0.0.1:9", f"description={'long ' * 3000}",
    )  # fmt: skip


def test_a_server_that_is_away_never_loses_a_run(away):
    assert away.code == 0, away.err
    assert "tracking.uri = http://127.0.0.1:9: cannot be reached" in away.out and "sends it later; nothing is lost" in away.out
    assert away.result["status"] == "done" and (away.directory / "report.html").stat().st_size > 10_000


def test_sync_sends_it_later_and_only_once(away):
    import mlflow

    store = f"sqlite:///{away.folder}/later.db"
    for _ in range(2):
        sent = tfrun(away.folder, "sync", str(away.directory), "--uri", store)
        assert sent.code == 0, sent.err
    client = mlflow.MlflowClient(store)
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test_accuracy"] == pytest.approx(away.result["metrics"]["test"]["accuracy"])
    assert len(client.get_metric_history(run.info.run_id, "validation_loss")) == 2
    assert len(run.data.params["description"]) <= 500 and "sha256:" in run.data.params["description"]
    assert run.data.params["optimizer.learning_rate"] == "0.003"


def test_sync_of_what_is_no_run_directory_is_one_line(tmp_path):
    done = tfrun(tmp_path, "sync", "nowhere")
    assert done.code == 1 and done.err.startswith("run error: nowhere: is no run directory") and "Traceback" not in done.err


def test_sync_of_a_run_that_was_killed_sends_what_there_is(away, tmp_path):
    import shutil

    import mlflow

    killed = shutil.copytree(away.directory, tmp_path / "killed")
    for name in ("result.json", "tracking.json"):
        (killed / name).unlink(missing_ok=True)
    lines = (killed / "metrics.jsonl").read_bytes()
    (killed / "metrics.jsonl").write_bytes(lines + b'{"step": 3, "ep')
    sent = tfrun(tmp_path, "sync", "killed", "--uri", f"sqlite:///{tmp_path}/m.db")
    assert sent.code == 0 and "no result yet" in sent.out, sent.err
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/m.db")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert run.info.status == "RUNNING" and "validation_loss" in run.data.metrics
    assert json.loads((killed / "tracking.json").read_text())["metric_bytes"] == len(lines)


def test_hundreds_of_measurements_are_sent_once_each(away, tmp_path):
    import shutil

    import mlflow

    copy = shutil.copytree(away.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("tracking.json"))
    row = json.loads((copy / "metrics.jsonl").read_text().splitlines()[0])
    (copy / "metrics.jsonl").write_text("".join(json.dumps({**row, "step": step}) + "\n" for step in range(250)))
    for _ in range(2):
        sent = tfrun(tmp_path, "sync", "copy", "--uri", f"sqlite:///{tmp_path}/m.db")
        assert sent.code == 0, sent.err
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/m.db")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    points = client.get_metric_history(run.info.run_id, "validation_loss")
    assert [point.step for point in points] == list(range(250))
    assert json.loads((copy / "tracking.json").read_text())["metric_bytes"] == (copy / "metrics.jsonl").stat().st_size
