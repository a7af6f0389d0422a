"""Every shipped option and experiment: composed, checked, listed, shown."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from tests.conftest import ROOT, tfrun
from tfrun import check, load
from tfrun.config.catalogue import experiments, keys, options
from tfrun.config.problems import ConfigError
from tfrun.config.schema import experiment_schema

FLIGHTS = ROOT / "tfrun/samples/flights/flights.csv.gz"
OPTIONS = [(group, name) for group, choices in options().items() for name in choices]


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    """The flights as Parquet."""
    path = tmp_path_factory.mktemp("stored") / "flights.parquet"
    parquet.write_table(csv.read_csv(FLIGHTS), path)
    return path


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_each_option_composes_checks_and_has_help_for_every_key(group, name, pictures, sounds, texts, module, stored, tmp_path):
    np.savez(tmp_path / "data.npz", inputs=np.zeros((30, 2)), labels=np.arange(30) % 3)
    (tmp_path / "data.tfrecord").touch()
    table = ["dataset.label=late", "backbone=none", "training=frozen"]
    needed = {
        "csv": [f"dataset.file={FLIGHTS}", *table], "parquet": [f"dataset.file={stored}", *table],
        "audio_folder": [f"dataset.directory={sounds}"], "text_folder": [f"dataset.directory={texts}"],
        "arrays": [f"dataset.path={tmp_path}/data.npz"], "python": ["dataset.function=tests.conftest:tfrun"],
        "tfds": ["dataset.name=mnist"], "tfrecord": [f"dataset.files=[{tmp_path}/data.tfrecord]", "dataset.inputs.image=image"],
        "image_folder": [f"dataset.directory={pictures}"], "hub": [f"backbone.handle={module}"],
        "multi_worker": ["strategy.workers=2"], "parameter_server": ["strategy.workers=1"],
    }  # fmt: skip
    # A table takes no backbone, and a head for tables no pictures.
    needed["flights"] = needed["table"] = needed["wide_and_deep"] = ["dataset=flights", "backbone=none"]
    needed["tft"] = [f"transform.directory={ROOT}/tests/transform/tft_flights", "dataset=flights", "backbone=none"]
    needed["text"] = needed["word_dropout"] = ["dataset=sentiment", "backbone=glove_50d"]
    needed["audio"] = ["dataset=audio_folder", f"dataset.directory={sounds}", "backbone=none", "training=frozen"]
    needed["vector"] = ["dataset=arrays", f"dataset.path={tmp_path}/data.npz", "backbone=none", "training=frozen"]
    more = needed.get(name, [])
    chosen = f"{group}=[{name}]" if group == "export" else f"{group}={name}"
    training = ["training=frozen"] if name == "none" and group == "backbone" else []
    experiment = load(["+experiment=quickstart", chosen, *more, *training])
    assert problems_of(experiment) == []
    option = options()[group][name]
    assert option.summary
    assert all(key.help for key in keys(option.cls))


@pytest.mark.parametrize("name", experiments())
def test_each_experiment_checks_and_says_what_it_is(name, own_data):
    assert experiments()[name]
    assert problems_of(load([f"+experiment={name}", *own_data(name)])) == []


def problems_of(experiment) -> list[str]:
    """All but that an extra is not installed."""
    return [str(problem) for problem in check(experiment) if "needs the package" not in str(problem)]


def test_list_and_show(tmp_path):
    listed = tfrun(tmp_path, "list")
    assert listed.code == 0 and "quickstart" in listed.out and "\nbackbone (backbone=NAME)" in listed.out
    shown = tfrun(tmp_path, "show", "export=tflite")
    assert "export.tflite.representative_examples: int [rows] = 200\n    training rows" in shown.out
    wrong = tfrun(tmp_path, "show", "optimizer=adm")
    assert wrong.code == 2 and "did you mean 'adam'?" in wrong.err
    assert tfrun(tmp_path, "list", "optimiser").code == 2


def test_a_closed_pipe_is_no_error(tmp_path):
    command = f"{sys.executable} -m tfrun list | head -1"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == "" and done.stdout.startswith("experiments")


def test_the_schema_knows_keys_options_and_rules(tmp_path):
    schema = json.loads(tfrun(tmp_path, "schema").out)
    assert schema == experiment_schema()
    assert schema["$defs"]["Adam"]["properties"]["learning_rate"]["exclusiveMinimum"] == 0
    assert schema["properties"]["defaults"]["items"]["anyOf"][0]["properties"]["override /optimizer"]["enum"] == [
        "adam",
        "adamw",
        "rmsprop",
        "sgd",
    ]
    assert schema["properties"]["seed"]["description"]


@pytest.fixture()
def broken(tmp_path):
    """A project with an option that is no YAML, one whose class is not there, and an experiment that is no mapping."""
    for name, text in {
        "conf/head/mine.yaml": "a: [",
        "conf/head/lost.yaml": "_target_: nowhere.Head",
        "experiments/list.yaml": "- a\n",
        "experiments/good.yaml": "description: this one is whole",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_list_names_broken_files_beside_all_others(broken):
    done = tfrun(broken, "list")
    assert done.code == 0 and done.err == "" and "this one is whole" in done.out and "wide_and_deep" in done.out
    listed, _, told = done.out.partition("\nleft out, since these files are broken\n")
    lines = told.splitlines()
    assert len(lines) == 3 and "mine" not in listed
    assert "head=lost._target_ = nowhere.Head: " in lines[0]
    assert "conf/head/mine.yaml: is no YAML (line 1: expected the node content, but found '<stream end>'); mend it" in lines[1] and "experiments/list.yaml: holds no mapping" in lines[2]
    assert tfrun(broken, "list", "head").out.count("left out") == 1


def test_a_broken_file_stops_only_who_asks_for_it(broken):
    assert tfrun(broken, "show", "head=mlp").code == 0
    asked = tfrun(broken, "show", "head=mine")
    assert asked.code == 2 and "mine.yaml: is no YAML" in asked.err and "Traceback" not in asked.err
    assert tfrun(broken, "check", "+experiment=quickstart", "head=mlp").code == 0
    wrong = tfrun(broken, "check", "+experiment=quickstart", "head.unitz=3")
    assert wrong.code == 2 and "head.unitz" in wrong.err and "mine.yaml" not in wrong.err


def test_the_version_is_our_own(tmp_path):
    from tfrun import __version__

    assert tfrun(tmp_path, "--version").out == f"tfrun {__version__}\n"


def test_init_makes_a_project_that_checks_and_is_not_made_twice(tmp_path, pictures):
    assert tfrun(tmp_path, "init", "mine").code == 0
    done = tfrun(tmp_path / "mine", "check", "+experiment=first", f"dataset.directory={pictures}")
    assert done.code == 0, done.err
    again = tfrun(tmp_path, "init", "mine")
    assert again.code == 2 and "is not empty" in again.err


def test_unknown_group_is_a_config_error():
    from tfrun.config.catalogue import option

    with pytest.raises(ConfigError, match="optimizer"):
        option("optimzer=adam")
