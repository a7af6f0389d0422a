"""The wheel: configs, experiments and samples travel in it and are found from anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tfrun.config.catalogue import experiments


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel in a folder of its own, apart from the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def elsewhere(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """From another folder, with the installed package before the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "tfrun", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def test_it_is_small_and_holds_licences_configs_and_samples(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.stat().st_size < 30e6
    for name in ("conf/config.yaml", "experiments/quickstart.yaml", "samples/fashion/fashion.npz", "samples/fashion/PROVENANCE.md",
                 "samples/efficientnet_lite0/saved_model.pb", "samples/glove_50d/PROVENANCE.md", "record/report.html.j2",
                 "export/web/page/index.html", "export/web/vendor/PROVENANCE.md", "export/web/vendor/litertjs/litert_wasm_compat_internal.wasm"):  # fmt: skip
        assert f"tfrun/{name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names) and not any("__pycache__" in name for name in names)


def test_every_experiment_composes_from_another_folder(installed, tmp_path, own_data):
    where = subprocess.run(
        [sys.executable, "-c", "import tfrun; print(tfrun.__file__)"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    for name in experiments():
        done = elsewhere(installed, tmp_path, "check", f"+experiment={name}", *own_data(name))
        assert done.returncode == 0 or "needs the package" in done.stderr, done.stderr
    assert "quickstart" in elsewhere(installed, tmp_path, "list").stdout


def test_its_samples_are_all_there(installed):
    for sample in ("fashion", "flights", "sentiment", "efficientnet_lite0", "glove_50d"):
        text = (installed / "tfrun/samples" / sample / "PROVENANCE.md").read_text()
        assert "icence" in text
    assert sum(file.stat().st_size for file in (installed / "tfrun/samples").rglob("*") if file.is_file()) < 30e6
