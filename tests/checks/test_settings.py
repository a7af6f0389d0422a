"""Checks as a part of the config."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from pydantic import ValidationError

from tfrun.checks import Checks, Roles, check_data
from tfrun.config.problems import RunError


def test_no_data_library_is_imported_to_compose_checks_and_no_tensorflow_to_run_them():
    light = "import sys; from tfrun.checks import Checks; Checks(); sys.exit(bool({'pyarrow', 'google.protobuf', 'sklearn'} & set(sys.modules)))"
    heavy = (
        "import sys, pyarrow as pa; from tfrun.checks import Roles, check_data;"
        "t = pa.table({'x': [1., 2., 3.] * 40, 'y': ['a', 'b', 'c'] * 40}); check_data({'train': lambda: iter(t.to_batches())}, Roles('y'));"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert [subprocess.run([sys.executable, "-c", code], check=False).returncode for code in (light, heavy)] == [0, 0]


@pytest.mark.parametrize(
    "wrong", [{"missing": 2}, {"on_anomaly": "stop"}, {"engine": "spark"}, {"drift_numbers": 0}, {"limit": 1}]
)
def test_wrong_limits_are_refused(wrong):
    with pytest.raises(ValidationError):
        Checks(**wrong)


@pytest.mark.skipif(importlib.util.find_spec("apache_beam") is not None, reason="Apache Beam is installed")
def test_beam_that_is_not_installed_is_one_line():
    with pytest.raises(RunError, match=r"checks\.engine = beam: needs Apache Beam; pip install 'tfrun\[beam\]'"):
        check_data({"train": lambda: iter(())}, Roles("y"), Checks(engine="beam"))


def test_files_that_are_not_there_are_told_before_any_data_are_read(tmp_path):
    found = Checks(schema_file=tmp_path / "schema.pbtxt", against=tmp_path / "run").problems()
    assert [problem.key for problem in found] == ["checks.schema_file", "checks.against"] and Checks(
        against=tmp_path
    ).problems() == []


def test_inputs_are_all_columns_without_another_role():
    names = ["a", "b", "label", "id", "digest", "hash", "patient"]
    roles = Roles("label", ids="id", digest="digest", dhash="hash", groups=("patient",))
    assert roles.inputs(names) == ["a", "b"] and Roles("label", features=("b",)).inputs(names) == ["b"]
