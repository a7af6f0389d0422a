import json

import pytest

from tfrun.config.problems import RunError
from tfrun.provenance.original import find


def test_an_mlflow_run_that_is_not_tfruns_is_one_line(tmp_path):
    import mlflow

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    experiment = client.create_experiment("other", (tmp_path / "artifacts").as_uri())
    run_id = client.create_run(experiment).info.run_id
    with pytest.raises(RunError, match=r"has no config.yaml and result.json in .*; name its run directory") as error:
        find(run_id, tmp_path, uri)
    assert str(error.value).count("\n") == 0


def test_a_result_that_is_half_written_is_one_line(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    (tmp_path / "result.json").write_text('{"status": "do')
    with pytest.raises(RunError, match="cannot be read"):
        find(str(tmp_path), tmp_path / "scratch")


def test_a_finished_run_is_found_with_its_result(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    (tmp_path / "result.json").write_text(json.dumps({"status": "done", "weights_sha256": "ab"}))
    assert find(str(tmp_path), tmp_path / "scratch").result["weights_sha256"] == "ab"
