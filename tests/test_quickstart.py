"""The quickstart as a user gets it: screen, files, figures, MLflow."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest

FIELDS = {
    "status", "seed", "metrics", "slices", "durations", "throughput", "artifacts", "verdict", "weights_sha256", "environment",
}  # fmt: skip
ARTIFACT_FIELDS = {
    "target", "variant", "path", "bytes", "sha256", "metrics", "retention", "max_abs_difference", "latency_ms", "passed", "reasons",
    "bytes_vs_saved_model", "bytes_vs_float_tflite",
}  # fmt: skip


@pytest.fixture(scope="module")
def artifacts(quickstart) -> dict:
    return {f"{a['target']}/{a['variant']}": a for a in quickstart.result["artifacts"]}


def test_it_ends_with_what_was_reached_where_it_is_and_how_to_look(quickstart):
    assert quickstart.code == 0, quickstart.err
    assert quickstart.err == ""
    last = quickstart.out.splitlines()[-8:]
    assert any(re.match(r"test accuracy 0\.\d{4} — blessed", line) for line in last)
    assert str(quickstart.directory.relative_to(quickstart.folder)) in quickstart.out
    assert last[-1].startswith("MLflow  python -m mlflow ui --backend-store-uri sqlite:///")
    assert "\x1b" not in quickstart.out and "oneDNN" not in quickstart.out


def test_the_figures_reach_the_bars(quickstart, artifacts):
    assert quickstart.result["metrics"]["test"]["accuracy"] >= 0.82
    int8, float32, saved = artifacts["tflite/int8"], artifacts["tflite/float32"], artifacts["saved_model/default"]
    assert int8["retention"] >= 0.95 and int8["bytes_vs_saved_model"] <= 0.28
    assert saved["max_abs_difference"] <= 1e-4 and float32["max_abs_difference"] <= 1e-4
    assert set(artifacts) == {"saved_model/default", *(f"tflite/{v}" for v in ("float32", "float16", "dynamic", "int8"))}


def test_the_result_has_every_field_of_the_contract(quickstart, artifacts):
    result = quickstart.result
    assert (
        set(result) >= FIELDS and result["status"] == "done" and result["verdict"]["blessed"] and result["verdict"]["reasons"]
    )
    assert re.fullmatch("[0-9a-f]{64}", result["weights_sha256"]) and len(result["environment"]["packages"]) > 5
    for artifact in artifacts.values():
        assert set(artifact) >= ARTIFACT_FIELDS and artifact["passed"] and artifact["bytes"] > 0
        assert set(artifact["latency_ms"]) == {"cold_load", "cold_first", "p50", "p99"} and all(artifact["latency_ms"].values())
        assert (quickstart.directory / artifact["path"]).exists()


def test_the_run_directory_has_what_the_contract_names(quickstart):
    for name in (
        "config.yaml",
        "result.json",
        "report.html",
        "data/schema.pbtxt",
        "data/statistics.pb",
        "data/anomalies.pbtxt",
        "data/data.html",
        "card.md",
        "log.txt",
        "checkpoints",
        "exports/contract.json",
    ):
        assert (quickstart.directory / name).exists(), name
    assert not list(quickstart.directory.rglob(".source")) and not list(quickstart.folder.glob(".hydra"))


def test_the_hashes_are_those_of_the_files(quickstart, artifacts):
    path = quickstart.directory / artifacts["tflite/int8"]["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == artifacts["tflite/int8"]["sha256"]


def test_the_saved_model_holds_each_weight_once(quickstart):
    weights = (quickstart.result["backbone"]["parameters"] + 1280 * 10 + 10) * 4
    stored = (quickstart.directory / "exports/saved_model/variables/variables.data-00000-of-00001").stat().st_size
    assert weights <= stored < 1.03 * weights


def test_the_int8_file_answers_a_picture_of_any_size(quickstart):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(quickstart.directory / "exports/tflite/int8.tflite")).get_signature_runner("serving_default")
    picture = np.random.default_rng(0).integers(0, 256, (1, 120, 90, 3), dtype=np.uint8)
    assert runner(image=picture)["probabilities"].sum() == pytest.approx(1, abs=0.05)


def test_the_report_is_whole_and_needs_no_network(quickstart):
    page = (quickstart.directory / "report.html").read_text()
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#|data/data\.html)", page) and "@import" not in page
    for part in (
        "blessed: may ship",
        "Exported files, measured again",
        "Confusion on the test split",
        "Most confident mistakes",
        "<svg",
    ):
        assert part in page
    assert page.count('src="data:image/png;base64,') >= 20


def test_the_card_says_data_backbone_licence_and_use(quickstart):
    card = (quickstart.directory / "card.md").read_text()
    for part in (
        "sample:efficientnet_lite0",
        "Apache-2.0",
        "licence: MIT",
        "exports/tflite/int8.tflite",
        "get_signature_runner",
        "ankle_boot",
    ):
        assert part in card


@pytest.fixture(scope="module")
def tracked(quickstart):
    """(client, the only run) of its sqlite store."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{quickstart.folder}/runs/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("quickstart").experiment_id])
    return client, run


def test_mlflow_has_parameters_metrics_data_tags_and_files(quickstart, tracked):
    client, run = tracked
    assert run.info.status == "FINISHED" and run.data.params["transform.image_size"] == "[96, 96]"
    assert run.data.metrics["test_accuracy"] == pytest.approx(quickstart.result["metrics"]["test"]["accuracy"])
    assert len(client.get_metric_history(run.info.run_id, "train_loss")) == 30
    assert run.data.metrics["system/process_memory_usage_megabytes"] > 100
    assert {"seed": "0", "backbone_handle": "sample:efficientnet_lite0", "verdict": "blessed"}.items() <= run.data.tags.items()
    assert run.data.tags["git_commit"]
    assert run.inputs.dataset_inputs[0].dataset.digest == quickstart.result["data"]["fingerprint"][:36]
    assert {"report.html", "card.md", "exports"} <= {item.path for item in client.list_artifacts(run.info.run_id)}


def test_the_registered_model_serves_precisely_the_exported_bytes(quickstart, tracked, monkeypatch):
    import mlflow
    import tensorflow as tf

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{quickstart.folder}/runs/mlflow.db")
    version = tracked[0].get_model_version("quickstart", "1")
    model = mlflow.pyfunc.load_model("models:/quickstart/1")
    assert version.run_id == tracked[1].info.run_id
    contract = json.loads((quickstart.directory / "exports/contract.json").read_text())
    rows = np.array([row["image"] for row in contract["example"]["request"]["instances"]], np.uint8)
    exported = tf.saved_model.load(str(quickstart.directory / "exports/saved_model")).signatures["serving_default"]
    answer = model.predict({"image": rows})["probabilities"]
    assert (answer == exported(image=tf.constant(rows))["probabilities"].numpy()).all()
    np.testing.assert_allclose(answer, contract["example"]["response"]["predictions"], atol=1e-4)
    stored = model.unwrap_python_model()
    assert type(stored).__module__ != "tfrun.tracking.served_model"
