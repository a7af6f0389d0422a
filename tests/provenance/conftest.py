"""One real run in a git repository with changes, with secrets about, a denied licence and a local MLflow store."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.conftest import Finished, tfrun

TOKEN, PASSWORD = "tok-4f1c9e77aa", "hunter22pass"
ENVIRONMENT = {"HF_TOKEN": TOKEN}


def git(folder, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, module, pictures) -> Finished:
    folder = tmp_path_factory.mktemp("provenance")
    shutil.copytree(pictures, folder / "data")
    (folder / "settings.py").write_text("size = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    (folder / "settings.py").write_text(f'size = 2\napi_key = "{PASSWORD}"\n')
    return tfrun(
        folder, "+experiment=quickstart", "training.epochs=2", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "dataset=image_folder", "dataset.directory=data", "dataset.licence=CC-BY-4.0", "export=[saved_model]", "gate=none",
        "backbone.licence=GPL-3.0-only", "licences.deny=[GPL-*]", f"tracking.uri=sqlite:///{folder}/runs/mlflow.db",
        f"description='see https://joe:{PASSWORD}@example.org/?token={PASSWORD} with ${{oc.env:HF_TOKEN}}'", **ENVIRONMENT,
    )  # fmt: skip
