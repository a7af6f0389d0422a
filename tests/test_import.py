"""What users import."""

import subprocess
import sys

import pytest

import tfrun


def test_importing_tfrun_and_composing_never_imports_tensorflow():
    code = (
        "import sys, tfrun; from tfrun import Experiment, load, check;"
        "assert check(load(['+experiment=quickstart'])) == [];"
        "sys.exit('tensorflow' in sys.modules or 'mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_run_is_the_function_also_when_its_module_was_imported_first():
    code = "import tfrun.run; from tfrun import run; assert callable(run); from tfrun.run import open_data; import tfrun; tfrun.run.__call__"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_public_name_is_there():
    assert {name for name in tfrun.__all__ if getattr(tfrun, name, None) is None} == set()


def test_every_option_is_a_public_name():
    from tfrun.config.catalogue import options

    for choices in options().values():
        for option in choices.values():
            assert getattr(tfrun, option.cls.__name__) is option.cls


def test_a_name_that_is_not_there_says_so():
    with pytest.raises(AttributeError, match="Experimnt"):
        getattr(tfrun, "Experimnt")  # noqa: B009
