"""A sweep in MLflow: nothing is lost by a server that is away, and all is there once, by `sync`."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import tfrun
from tests.sweep.test_page import directory_of


@pytest.fixture(scope="module")
def sent(swept, tmp_path_factory):
    """(client, runs by trial; None: the sweep's own) after two syncs."""
    import mlflow

    store = f"sqlite:///{tmp_path_factory.mktemp('store')}/later.db"
    for _ in range(2):
        done = tfrun(swept.folder, "sync", str(directory_of(swept)), "--uri", store)
        assert done.code == 0, done.err
    client = mlflow.MlflowClient(store)
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    return client, {run.data.tags.get("trial"): run for run in runs}, len(runs)


def test_a_server_that_is_away_costs_the_sweep_nothing(swept):
    assert swept.code == 0, swept.err
    assert (
        "cannot be reached" in swept.out
        and f"sync {directory_of(swept).relative_to(swept.folder)}` sends it later" in swept.out
    )
    assert swept.out.count("warning: tracking") == 1, "told once for the sweep, not once a trial"


def test_one_run_for_the_sweep_and_one_nested_run_a_trial(sent):
    _, runs, count = sent
    assert count == 4 and set(runs) == {None, "0", "1", "2"}
    parent = runs[None]
    assert {runs[trial].data.tags["mlflow.parentRunId"] for trial in "012"} == {parent.info.run_id}
    assert "mlflow.parentRunId" not in parent.data.tags and parent.info.status == "FINISHED"
    assert json.loads(parent.data.params["search.optimizer.learning_rate"]) == {"choice": [0.01, 1e-6, 1e30]}
    assert parent.data.params["sweep.prune.method"] == "median"


def test_states_errors_and_curves_of_trials(sent):
    client, runs, _ = sent
    assert [(runs[n].data.tags["state"], runs[n].info.status) for n in "012"] == [
        ("done", "FINISHED"), ("pruned", "KILLED"), ("failed", "FAILED"),
    ]  # fmt: skip
    assert "loss is not finite" in runs["2"].data.tags["error"] and "Traceback" in runs["2"].data.tags["traceback"]
    assert runs["1"].data.params["optimizer.learning_rate"] == "1e-06"
    assert len(client.get_metric_history(runs["0"].info.run_id, "validation_accuracy")) == 101, (
        "each point once, after two syncs"
    )


def test_the_best_is_marked_and_its_model_belongs_to_the_sweep_too(sent, swept):
    client, runs, _ = sent
    assert [runs[n].data.tags.get("best") for n in "012"] == ["true", None, None]
    parent, best = runs[None], runs["0"]
    assert parent.data.tags["best_run_id"] == best.info.run_id
    assert [one.model_id for one in parent.outputs.model_outputs] == [one.model_id for one in best.outputs.model_outputs] != []
    result = json.loads((directory_of(swept) / "0/result.json").read_text())
    assert best.data.metrics["test_accuracy"] == pytest.approx(result["metrics"]["test"]["accuracy"])
    assert "report.html" in [file.path for file in client.list_artifacts(best.info.run_id)]
    assert "test_accuracy" not in runs["1"].data.metrics and "verdict" not in runs["1"].data.tags


def test_the_sweeps_run_holds_the_page_the_plots_and_the_best_so_far(sent):
    client, runs, _ = sent
    run_id = runs[None].info.run_id
    assert {file.path for file in client.list_artifacts(run_id)} >= {"sweep.html", "sweep.json", "plots"}
    assert "plots/parallel.svg" in [file.path for file in client.list_artifacts(run_id, "plots")]
    assert [point.step for point in client.get_metric_history(run_id, "best_accuracy")] == [1, 2, 3]
    assert [runs[None].data.metrics[f"trials_{state}"] for state in ("done", "pruned", "failed")] == [1, 1, 1]


def test_a_trial_that_is_sent_alone_finds_its_sweep(swept, tmp_path):
    import mlflow

    copy = shutil.copytree(directory_of(swept), tmp_path / "copy", ignore=shutil.ignore_patterns("tracking.json"))
    store = f"sqlite:///{tmp_path}/m.db"
    for name in ("1", "."):
        done = tfrun(tmp_path, "sync", str(copy / name), "--uri", store)
        assert done.code == 0, done.err
    client = mlflow.MlflowClient(store)
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert sorted(run.data.tags.get("trial", "") for run in runs) == ["", "0", "1", "2"]


def test_a_trial_that_left_no_directory_is_a_failed_run(swept, tmp_path):
    import mlflow

    copy = shutil.copytree(directory_of(swept), tmp_path / "copy", ignore=shutil.ignore_patterns("tracking.json"))
    shutil.rmtree(copy / "2")
    store = f"sqlite:///{tmp_path}/m.db"
    for _ in range(2):
        assert tfrun(tmp_path, "sync", "copy", "--uri", store).code == 0
    client = mlflow.MlflowClient(store)
    (failed,) = client.search_runs([e.experiment_id for e in client.search_experiments()], "tags.trial = '2'")
    assert failed.info.status == "FAILED" and failed.data.params == {"optimizer.learning_rate": "1e+30"}
