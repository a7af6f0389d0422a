"""What a run leaves about where it came from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import tfrun
from tests.provenance.conftest import ENVIRONMENT, PASSWORD, TOKEN, git


@pytest.fixture(scope="module")
def sbom(finished) -> dict:
    return json.loads((finished.directory / "provenance/sbom.json").read_text())


def test_a_denied_licence_is_told_before_training_and_is_the_reason_for_not_blessed(finished):
    assert finished.code == 3, finished.err
    text = f"licence GPL-3.0-only of the backbone {finished.result['backbone']['handle']} is denied by licences.deny = GPL-*"
    assert finished.result["verdict"] == {"blessed": False, "reasons": [text]}
    assert 0 < finished.out.index(f"warning: {text}") < finished.out.index("\ntraining ")


def test_the_environment_says_packages_machine_and_code(finished):
    environment = finished.result["environment"]
    assert environment["packages"]["tensorflow"].startswith("2.") and len(environment["packages"]) > 50
    assert environment["cpu_flags"] and environment["build"]["compile_flags"] and environment["threads"]["intra_op"] == 0
    assert environment["git"]["commit"] == git(finished.folder, "rev-parse", "HEAD") and environment["git"]["dirty"]
    assert "training.epochs=2" in environment["command"] and environment["gpus"] == []


def test_uncommitted_changes_are_kept(finished):
    text = (finished.directory / "provenance/git.diff").read_text()
    assert "+size = 2\n" in text and '+api_key = "***"' in text


def test_the_bill_of_materials_keeps_to_the_published_schema(finished, sbom):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (finished.directory / "provenance/sbom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = text.replace('"CC-BY-4.0"', '"CC-BY-99"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_bill_of_materials_names_packages_backbone_data_and_files(finished, sbom):
    kinds = {part["bom-ref"]: part for part in sbom["components"]}
    result = finished.result
    assert kinds["backbone"]["type"] == "machine-learning-model" and kinds["backbone"]["licenses"] == [
        {"license": {"id": "GPL-3.0-only"}}
    ]
    assert kinds["data"]["licenses"] == [{"license": {"id": "CC-BY-4.0"}}]
    assert kinds["data"]["hashes"][0]["content"] == result["data"]["fingerprint"]
    assert kinds["export:saved_model"]["hashes"][0]["content"] == result["artifacts"][0]["sha256"]
    libraries = [part for part in sbom["components"] if part["type"] == "library"]
    assert {part["name"]: part["version"] for part in libraries} == result["environment"]["packages"]
    assert all(part["purl"].startswith("pkg:pypi/") for part in libraries)
    assert sbom["metadata"]["component"]["hashes"][0]["content"] == result["weights_sha256"]


def test_the_first_test_predictions_are_kept(finished):
    kept = np.load(finished.directory / "provenance/predictions.npy")
    assert kept.shape == (finished.result["data"]["rows"]["test"], 3) and kept.dtype == np.float32


def test_no_secret_is_in_any_file_of_the_run_nor_in_mlflow_nor_on_the_screen(finished):
    files = [path for path in (finished.folder / "runs").rglob("*") if path.is_file()]
    assert len(files) > 30 and (finished.folder / "runs/mlflow.db") in files
    for path in files:
        content = path.read_bytes()
        assert TOKEN.encode() not in content and PASSWORD.encode() not in content, path
    assert PASSWORD not in finished.out and TOKEN not in finished.out
    assert "description: see https://${oc.env:TFRUN_SECRET_DESCRIPTION}@" in (finished.directory / "config.yaml").read_text()


def test_the_config_says_which_variable_it_needs(finished):
    done = tfrun(finished.folder, "resume", str(finished.directory), **ENVIRONMENT)
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    assert "description: is kept in the environment variable TFRUN_SECRET_DESCRIPTION" in done.err
