"""The docs are what the code is: generated parts are fresh, links lead somewhere, commands are the same everywhere."""

from __future__ import annotations

import importlib.util
import re

import pytest
import yaml

from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_and_the_schema_are_fresh(builder):
    assert (ROOT / "docs/reference.md").read_text() == builder.reference(), "run: python docs/build.py"
    assert (ROOT / "docs/experiment.schema.json").read_text() == builder.schema(), "run: python docs/build.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_ci_runs_the_test_command_of_the_readme():
    (command,) = [line for line in (ROOT / "README.md").read_text().splitlines() if line.endswith("-m pytest -m long")]
    assert command in (ROOT / ".ci/run").read_text().splitlines()


def test_the_readmes_experiment_composes(tmp_path, pictures):
    from tests.conftest import tfrun

    text = (ROOT / "README.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(text)["gate"]["retention"] == 0.97
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/leaves.yaml").write_text(text)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/leaves").symlink_to(pictures)
    index = pictures / "index.csv"
    files = sorted(pictures.rglob("*.png"))
    rows = [
        f"{file.relative_to(pictures)},{file.parent.name},p{number // 3},c{number % 2}" for number, file in enumerate(files)
    ]
    index.write_text("\n".join(["file,label,plant,camera", *rows]) + "\n")
    done = tfrun(tmp_path, "check", "+experiment=leaves")
    index.unlink()
    assert done.code == 0, done.err


def test_every_package_of_the_lock_is_pinned_and_no_host_is_named():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert len(lines) > 100 and all(re.match(r"[\w.-]+==[\w.]+( ;.*)?$", line) for line in lines)
