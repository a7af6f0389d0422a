"""What the command line answers to right and wrong configs. Real processes: exit codes and both outputs count."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT, tfrun
from tfrun.config.compose import compose
from tfrun.config.problems import ConfigError


def problems(*overrides: str) -> list[str]:
    return [str(problem) for problem in compose(list(overrides))[1]]


def test_defaults_of_the_classes_are_in_the_composed_config():
    mapping, wrong = compose(["+experiment=quickstart"])
    assert wrong == []
    assert mapping["optimizer"] == {
        "_target_": "tfrun.optimizer.adam.Adam", "learning_rate": 0.003, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
    }  # fmt: skip
    assert mapping["name"] == "quickstart"


def test_every_default_can_be_overridden_without_a_plus():
    mapping, wrong = compose(["+experiment=quickstart", "dataset.split.seed=3", "export.tflite.representative_examples=10"])
    assert wrong == []
    assert mapping["dataset"]["split"] == {
        "validation": 0.15, "test": 0.2, "seed": 3, "stratify": True, "time": None, "values": {},
    }  # fmt: skip
    assert mapping["export"]["tflite"]["representative_examples"] == 10


def test_all_wrong_overrides_are_named_at_once_with_the_nearest_right_name():
    told = "\n".join(problems("+experiment=quickstrat", "optimizer=adm", "trainig.epochs=3", "training.epoch=3"))
    for hint in ("did you mean 'quickstart'?", "did you mean 'adam'?", "did you mean 'training.epochs'?"):
        assert hint in told
    assert told.count("\n") == 3


def test_a_key_of_another_group_is_found_there():
    (told,) = problems("+experiment=quickstart", "dataset.image_size=96")
    assert told == "dataset.image_size = 96: no such key; did you mean 'transform.image_size'?"


def test_a_free_mapping_takes_any_key_without_a_plus():
    mapping, wrong = compose(["+experiment=quickstart", "gate.metrics.loss=1", "gate.max_megabytes={tflite/int8: 5}"])
    assert wrong == []
    assert mapping["gate"]["metrics"] == {"accuracy": 0.8, "loss": 1} and mapping["gate"]["max_megabytes"] == {"tflite/int8": 5}


def test_a_free_mapping_is_open_also_when_it_is_run(tmp_path, module):
    done = tfrun(
        tmp_path, "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[]", "gate.metrics.loss=9", "optimizer.learning_rate=0.01",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.result["status"] == "done"


@pytest.mark.parametrize(
    ("overrides", "hint"),
    [
        (["optimizer=adam"], "has to be chosen; add"),
        (["experiment=quickstart"], "write +experiment=quickstart"),
        (["+experiment=quickstart", "training.epochs=1,2"], "add -m"),
        (["+experiment=quickstart", "training.epochs=["], "cannot be read"),
        (["+experiment=quickstart", "+optimizer=adam"], "write optimizer=adam"),
        (["+experiment=quickstart", "training.epochs=${nope}"], "nope"),
    ],
)
def test_what_hydra_refuses_is_one_line_with_a_way_out(overrides, hint):
    told = problems(*overrides)
    assert any(hint in line for line in told), told
    assert all("\n" not in line for line in told)


def test_switching_an_option_leaves_the_experiments_keys_for_the_old_one_behind():
    mapping, wrong = compose(["+experiment=quickstart", "gate=none", "export=[tflite]"])
    assert wrong == []
    assert mapping["gate"] == {"_target_": "tfrun.gate.none.NoGate"}
    assert list(mapping["export"]) == ["tflite"]


def test_nothing_is_exported_when_nothing_is_asked_for():
    from tfrun import load

    assert load(["+experiment=quickstart", "export=[]"]).export == {}


def test_a_misspelt_key_in_a_file_is_refused_also_when_its_option_is_typed(tmp_path):
    (tmp_path / "conf/head").mkdir(parents=True)
    (tmp_path / "conf/head/wide.yaml").write_text("_target_: tfrun.head.mlp.Mlp\nunist: [8]\n")
    done = tfrun(tmp_path, "check", "+experiment=quickstart", "head=wide")
    assert done.code == 2 and "head.unist" in done.err and "did you mean 'head.units'?" in done.err


@pytest.mark.parametrize(
    ("path", "content", "overrides", "hint"),
    [
        ("experiments/x.yaml", "a: [", ["+experiment=x"], "is no YAML"),
        ("experiments/x.yaml", "a:\t1\n\tb: 2", ["+experiment=x"], "is no YAML"),
        ("conf/head/x.yaml", "a: 1\na: 2", ["+experiment=quickstart", "head=x"], "duplicate"),
        ("conf/head/x.yaml", "l2: 1", ["+experiment=quickstart", "head=x"], "names no option of its group"),
        ("conf/head/x.yaml", "_target_: 3", ["+experiment=quickstart", "head=x"], "cannot be imported"),
        ("own.py", "x = (", ["+experiment=quickstart", "head._target_=own.Thing"], "SyntaxError"),
    ],
)
def test_broken_files_are_one_line_and_no_traceback(tmp_path, path, content, overrides, hint):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(content)
    done = tfrun(tmp_path, "check", *overrides)
    assert done.code == 2 and hint in done.err and "Traceback" not in done.err, done.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["lst"], "did you mean 'list'?"),
        (["-m", "--cfg", "job", "+experiment=quickstart"], "leave out -m"),
        (["-m", "+experiment=quickstart", "optimizer.learning_rate=interval(0,1)"], "optimizer.learning_rate = 0.0: must be greater than 0"),
        (["+experiment=quickstart", "optimizer=adam,sgd"], "add -m"),
        (["+experiment=quickstart", "name=.."], "name = .."),
        (["+experiment=quickstart", "training.epochs=inf"], "training.epochs = inf"),
        (["+experiment=quickstart", "head=mlp", "head.units=[0]"], "head.units.0 = 0"),
        (["+experiment=quickstart", "tracking.uri=foo://bar"], "must begin with one of sqlite:///"),
        (["+experiment=quickstart", "debug=slow"], "debug = slow: must be one of"),
        (["+experiment=quickstart", "dataset.split=0.2"], "dataset.split.validation=…"),
        (["+experiment=quickstart", "head.units=[64]"], "it is a key of head=mlp and head=wide_and_deep"),
        (["+experiment=flights", "augment=light"], "the data are of kind table"),
        (["+experiment=sentiment", "transform=image"], "is for data of kind image, and these are of kind text; use transform=auto"),
        (["+experiment=flights", "checks.drift_by=monht"], "did you mean 'month'?"),
    ],
)
def test_what_a_hand_may_type_wrong_is_one_line(tmp_path, arguments, hint):
    done = tfrun(tmp_path, *arguments)
    assert done.code == 2 and hint in done.err and "Traceback" not in done.err, done.err
    assert len(done.err.splitlines()) == 1


def test_cfg_shows_what_will_run(tmp_path):
    shown = tfrun(tmp_path, "+experiment=quickstart", "gate=none", "--cfg", "job")
    assert shown.code == 0 and "gate:\n  _target_: tfrun.gate.none.NoGate\ntracking:" in shown.out
    part = tfrun(tmp_path, "+experiment=quickstart", "--cfg", "job", "--package", "optimizer")
    assert part.code == 0 and "learning_rate: 0.003" in part.out and "backbone" not in part.out


def test_switching_an_option_does_not_excuse_a_misspelt_key():
    told = problems("+experiment=quickstart", "optimizer=sgd", "optimizer.momentm=0.5")
    assert told == ["optimizer.momentm = 0.5: no such key; did you mean 'optimizer.momentum'?"]


def test_a_wrong_config_exits_with_2_before_tensorflow_is_imported(tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tfrun", "+experiment=quickstart", "training.epochs=-1", "optimizer.learning_rate=x"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "import time:" in line and "|" in line}
    assert done.returncode == 2
    assert "training.epochs = -1: must be greater than 0" in done.stderr
    assert "optimizer.learning_rate = x: must be a valid number" in done.stderr
    assert {"tensorflow", "keras", "mlflow"} & imported == set() and "hydra" in imported
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_folders_come_first(tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "conf/optimizer").mkdir(parents=True)
    (tmp_path / "experiments/mine.yaml").write_text(
        "description: my own\ndefaults:\n  - override /dataset: fashion\n  - override /backbone: none\n  - override /optimizer: fast\n"
    )
    (tmp_path / "conf/optimizer/fast.yaml").write_text("_target_: own_parts.Fast\n")
    (tmp_path / "own_parts.py").write_text(
        "from tfrun.optimizer.sgd import Sgd\n\nclass Fast(Sgd):\n    '''My own.'''\n    learning_rate: float = 0.5\n"
    )
    shown = tfrun(tmp_path, "+experiment=mine", "--cfg", "job")
    assert shown.code == 0, shown.err
    assert "_target_: own_parts.Fast\n  learning_rate: 0.5\n  momentum: 0.9" in shown.out
    assert "name: mine" in shown.out
    assert tfrun(tmp_path, "check", "+experiment=mine", "optimizer.momentum=2").code == 2
    assert "mine" in tfrun(tmp_path, "list").out


def test_config_dir_goes_before_everything_and_is_filled_from_its_classes(tmp_path):
    (tmp_path / "elsewhere/experiments").mkdir(parents=True)
    (tmp_path / "elsewhere/head").mkdir()
    (tmp_path / "elsewhere/head/wide.yaml").write_text("_target_: tfrun.head.mlp.Mlp\nunits: [512]\n")
    (tmp_path / "elsewhere/experiments/there.yaml").write_text(
        "defaults:\n  - override /dataset: fashion\n  - override /backbone: none\n  - override /head: wide\n"
    )
    shown = tfrun(tmp_path, "+experiment=there", "--config-dir", "elsewhere", "--cfg", "job")
    assert shown.code == 0, shown.err
    assert "activation: relu" in shown.out and "- 512" in shown.out
    missing = tfrun(tmp_path, "+experiment=there", "--config-dir", "nowhere")
    assert missing.code == 2 and "--config-dir = nowhere: is no folder" in missing.err


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("_target_: nowhere.Nothing", "cannot be imported"),
        ("_target_: pathlib.Path", "is no component"),
    ],
)
def test_a_target_that_is_no_component_is_named(tmp_path, content, hint):
    (tmp_path / "conf/head").mkdir(parents=True)
    (tmp_path / "conf/head/odd.yaml").write_text(content)
    done = tfrun(tmp_path, "+experiment=quickstart", "head=odd")
    assert done.code == 2 and hint in done.err and "Traceback" not in done.err


def test_help_names_groups_and_verbs(tmp_path):
    done = tfrun(tmp_path, "--help")
    assert done.code == 0
    assert "optimizer: adam, adamw, rmsprop, sgd" in done.out and "sync DIR" in done.out and "experiment: " in done.out


def test_the_packaged_configs_lie_where_they_are_looked_for():
    from tfrun.config.places import packaged

    assert packaged("conf") == ROOT / "conf" and packaged("experiments") == ROOT / "experiments"


def test_load_raises_all_problems_as_one_error():
    from tfrun import load

    with pytest.raises(ConfigError) as caught:
        load(["+experiment=quickstart", "training.epochs=-1", "head=mpl"])
    assert [problem.key for problem in caught.value.problems] == ["head", "training.epochs"]


def test_a_mapping_deep_inside_takes_any_key():
    for text in ("dataset.split.values={train: {origin: [a]}}", "dataset.split.values.train.origin=[a]"):
        mapping, wrong = compose(["+experiment=quickstart", text])
        assert wrong == [] and mapping["dataset"]["split"]["values"] == {"train": {"origin": ["a"]}}
