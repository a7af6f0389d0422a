"""The target `serving`: a version folder that answers as the trained model does, and what a server of it is told."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from pydantic import ValidationError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from tfrun.evaluation.standard import Standard
from tfrun.export import Source
from tfrun.export.measure import Worker, measured
from tfrun.export.serving import Serving
from tfrun.serving import warmup


@pytest.fixture(scope="module")
def made(ready, tmp_path_factory):
    """(artifact, its version folder, exports/serving) in a run directory of its own."""
    source: Source = replace(ready.source, run_directory=tmp_path_factory.mktemp("run"))
    (artifact,) = Serving(name="Shoes_2", version=7, warmup_rows=5).write(source)
    assert artifact.reasons == [] and artifact.details == {"model": "Shoes_2", "version": 7, "warm_up_requests": 5}
    folder = source.run_directory / artifact.path
    return artifact, folder, folder.parent.parent


def test_the_version_answers_as_the_trained_model(made, ready):
    artifact, folder, _ = made
    with Worker(artifact.runtime) as worker:
        result = measured(artifact, worker, folder, ready.held, Standard(), Serving().largest_difference("default"))
    assert result.passed and result.max_abs_difference < 1e-5, result.reasons


def test_the_warm_up_requests_are_held_out_rows(made, ready):
    records = tf.data.TFRecordDataset(str(made[1] / warmup.FILE)).as_numpy_iterator()
    requests = [PredictionLog.FromString(record).predict_log.request for record in records]
    rows = list(ready.held.split.first(5).inputs())
    assert [request.model_spec.name for request in requests] == ["Shoes_2"] * 5
    for request, row in zip(requests, rows, strict=True):
        np.testing.assert_array_equal(tf.make_ndarray(request.inputs["image"])[0], row["image"])
    replayed = warmup.replay(str(made[1]))
    assert replayed["requests"] == 5 and replayed["peak_memory_bytes"] > 50e6


def test_nothing_hidden_is_left_and_the_contract_travels(made, ready):
    _, folder, exports = made
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == ["7"]
    assert json.loads((folder / "assets.extra/contract.json").read_text()) == ready.source.contract
    assert {path.name for path in exports.iterdir()} == {
        "Shoes_2", "README.md", "models.config", "batching.config", "monitoring.config",
        "docker-compose.yml", "kubernetes",
    }  # fmt: skip


def test_the_servers_config_names_the_version_with_its_labels(made):
    for stem, labels in (
        ("models", {"stable": 7, "canary": 7}),
        ("Shoes_2/stable", {"stable": 7}),
        ("Shoes_2/canary", {"canary": 7}),
    ):
        config = text_format.Parse((made[2] / f"{stem}.config").read_text(), ModelServerConfig())
        (entry,) = config.model_config_list.config
        assert (entry.name, entry.base_path, entry.model_platform) == ("Shoes_2", "/models/Shoes_2", "tensorflow")
        assert list(entry.model_version_policy.specific.versions) == [7] and dict(entry.version_labels) == labels


def test_the_manifests_fit_together(made):
    files = {path.name: yaml.safe_load(path.read_text()) for path in (made[2] / "kubernetes").iterdir()}
    assert set(files.pop("kustomization.yaml")["resources"]) == set(files)
    selector = files["service.yaml"]["spec"]["selector"]
    names = {file["metadata"]["name"] for file in files.values()}
    for track in ("stable", "canary"):
        deployment = files[f"{track}.yaml"]
        pod = deployment["spec"]["template"]
        assert selector.items() <= pod["metadata"]["labels"].items(), "the service sends to both"
        assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"] == {"app": "shoes-2", "track": track}
        (container,) = pod["spec"]["containers"]
        assert f"--model_config_file=/models/Shoes_2/{track}.config" in container["args"]
        assert {port["targetPort"] for port in files["service.yaml"]["spec"]["ports"]} == {
            port["name"] for port in container["ports"]
        }
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["spec"]["volumes"]}
        assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] in names
        assert pod["spec"]["volumes"][1]["configMap"]["name"] in names
        memory = [int(container["resources"][which]["memory"].removesuffix("Mi")) for which in ("requests", "limits")]
        assert 100 < memory[0] < memory[1]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert files["autoscaler.yaml"]["spec"]["scaleTargetRef"]["name"] == files["stable.yaml"]["metadata"]["name"]
    assert files["config.yaml"]["data"]["batching.config"] == (made[2] / "batching.config").read_text()


def test_docker_compose_mounts_a_repository_and_stays_on_loopback(made):
    (service,) = yaml.safe_load((made[2] / "docker-compose.yml").read_text())["services"].values()
    assert service["image"].startswith("tensorflow/serving:") and all(
        port.startswith("127.0.0.1:") for port in service["ports"]
    )
    assert service["volumes"] == ["${REPOSITORY:-.}:/models:ro", ".:/config:ro"]


def test_rows_of_any_shape_are_not_put_together_by_the_server(made, ready, tmp_path):
    """A server that batches refuses pictures of different sizes; with one shape for all, it may."""
    arguments = yaml.safe_load((made[2] / "docker-compose.yml").read_text())["services"]["serving"]["command"]
    assert not any("batching" in argument for argument in arguments)
    fixed = json.loads(json.dumps(ready.source.contract).replace("[null, null, null, 3]", "[null, 28, 28, 3]"))
    Serving(version=1, warmup_rows=0).write(replace(ready.source, run_directory=tmp_path, contract=fixed))
    arguments = yaml.safe_load((tmp_path / "exports/serving/docker-compose.yml").read_text())["services"]["serving"]["command"]
    assert {"--enable_batching=true", "--batching_parameters_file=/config/batching.config"} <= set(arguments)
    sizes = [
        line.split()[-1]
        for line in (tmp_path / "exports/serving/batching.config").read_text().splitlines()
        if "allowed" in line
    ]
    assert sizes == ["1", "2", "4", "8", "16", "32"]


def test_a_model_that_cannot_answer_is_a_reason_and_leaves_no_version(ready, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(ready.source.saved_model, broken)
    (broken / "variables/variables.index").write_bytes(b"no index")
    (artifact,) = Serving(version=1).write(replace(ready.source, run_directory=tmp_path, saved_model=broken))
    assert artifact.reasons and artifact.reasons[0].startswith("cannot be served: ") and "\n" not in artifact.reasons[0]
    assert list((tmp_path / "exports/serving/quickstart").iterdir()) == []


def test_a_later_export_is_a_higher_version(ready, tmp_path):
    (artifact,) = Serving(warmup_rows=0).write(replace(ready.source, run_directory=tmp_path))
    assert not (tmp_path / artifact.path / warmup.FILE).exists(), "none were asked for"
    assert artifact.path.startswith("exports/serving/quickstart/") and int(artifact.path.rpartition("/")[2]) > 1_700_000_000


@pytest.mark.parametrize("wrong", [{"replicas": 5}, {"warmup_rows": 1001}, {"version": 0}, {"name": "../up"}, {"cpus": 0}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        Serving(**wrong)
