"""`rerun`, as a user calls it."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import tfrun
from tests.provenance.conftest import ENVIRONMENT, PASSWORD
from tfrun.provenance.repeat import first_divergence, summary

SECRETS = {
    **ENVIRONMENT, "TFRUN_SECRET_DESCRIPTION": f"joe:{PASSWORD}", "TFRUN_SECRET_DESCRIPTION_2": PASSWORD,
}  # fmt: skip


@pytest.fixture(scope="module")
def again(finished, tmp_path_factory):
    """Stands in a copy of the repository, so that the first one keeps its only run."""
    folder = shutil.copytree(finished.folder, tmp_path_factory.mktemp("again") / "copy")
    (directory,) = (folder / "runs/quickstart").iterdir()
    before = set(folder.glob("runs/quickstart/*"))
    done = tfrun(folder, "rerun", str(directory.relative_to(folder)), **SECRETS)
    (new,) = set(folder.glob("runs/quickstart/*")) - before
    return done, new


def test_the_same_run_comes_out_identical_and_exits_with_0_though_it_is_not_blessed(again, finished):
    done, new = again
    result = json.loads((new / "result.json").read_text())
    assert done.code == 0, done.err
    assert result["repeat"]["outcome"] == "identical" and result["weights_sha256"] == finished.result["weights_sha256"]
    assert result["repeat"]["largest_difference"] == 0.0 and result["repeat"]["differences"] == []
    assert "data, packages, machine and code are those of the run" in done.out
    assert "\nrepeat  identical: the same weights, bit for bit" in done.out
    assert "identical: the same weights" in (new / "report.html").read_text()


@pytest.mark.long
def test_by_its_id_in_mlflow_with_the_data_changed_it_is_different_and_says_where(finished, tmp_path):
    """The run's own directory is gone: config and figures come out of the store."""
    run_id = json.loads((finished.directory / "tracking.json").read_text())["run_id"]
    shutil.copytree(finished.folder / "data", tmp_path / "data")
    next((tmp_path / "data/bag").iterdir()).unlink()
    hidden = finished.directory.with_name("hidden")
    finished.directory.rename(hidden)
    try:
        done = tfrun(tmp_path, "rerun", run_id, "--uri", f"sqlite:///{finished.folder}/runs/mlflow.db", **SECRETS)
    finally:
        hidden.rename(finished.directory)
    assert done.code == 1, done.err
    assert "warning: not as in the run that is repeated: data, changed since the run: " in done.out
    assert "warning: not as in the run that is repeated: git commit: " in done.out
    assert "\nrepeat  different: " in done.out and "first differs in the data: another fingerprint" in done.out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nowhere", "nowhere: is no run directory and no MLflow run id"),
        (".", ".: is no run directory: it holds no config.yaml"),
        ("0" * 32, "cannot be looked up: there is no store sqlite:///"),
        ("half", "half: did not finish (status interrupted): there is nothing to repeat; `python -m tfrun resume half`"),
    ],
)
def test_what_is_no_finished_run_is_one_line(tmp_path, name, hint):
    (tmp_path / "half").mkdir()
    (tmp_path / "half/config.yaml").write_text("{}")
    (tmp_path / "half/result.json").write_text('{"status": "interrupted"}')
    done = tfrun(tmp_path, "rerun", name)
    assert done.code == 1 and hint in done.err and done.err.count("\n") == 1, done.err


def test_an_unknown_id_is_one_line(finished):
    done = tfrun(finished.folder, "rerun", "0" * 32)
    assert done.code == 1 and f"run error: {'0' * 32}: no such run in sqlite:///" in done.err and "Traceback" not in done.err


def test_the_first_measurement_that_differs_is_named(tmp_path):
    rows = [
        {"phase": "frozen", "step": step, "epoch": step / 4, "train": {"loss": 1.0 / (step + 1)}, "time": 1.0}
        for step in (0, 4, 8)
    ]
    for name, changed in (
        ("a", rows),
        ("b", [rows[0], {**rows[1], "time": 2.0, "train": {"loss": 0.25}}, rows[2]]),
        ("c", rows[:2]),
    ):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in changed))
    found = first_divergence(tmp_path / "a", tmp_path / "b")
    assert found == "training, phase frozen, step 4 (epoch 1.0): train loss 0.2 → 0.25"
    assert (
        first_divergence(tmp_path / "a", tmp_path / "c") == "training, phase frozen, step 8: measured in one of the runs only"
    )
    assert first_divergence(tmp_path / "a", tmp_path / "a").startswith("training, after the last measurement")


def test_the_outcome_names_its_tolerance():
    repeat = {"outcome": "equivalent", "tolerance": 0.01, "largest_difference": 0.0002, "metric_differences": {"loss": 1e-5},
              "diverged": "", "exports": {"all": 2, "same": 1, "other": ["tflite"]}}  # fmt: skip
    (line,) = summary(repeat)
    assert line.startswith("equivalent: other weights, but largest difference of test answers 0.0002")
    assert "tolerance 0.01; 1 of 2 exported files have the same bytes" in line
