"""Functions as users write them, in a module beside the experiment."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tfrun
from tfrun.config.problems import RunError
from tfrun.dataset.python import Python

GOOD = """
import numpy as np
import tensorflow as tf

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 9, 12, 3)).astype("uint8")

def pictures(rows=60, start=0):
    numbers = range(start, start + rows)
    def row(n):
        return PIXELS[n % 60, : 5 + n % 5], n % 3
    return tf.data.Dataset.from_generator(lambda: map(row, numbers), output_signature=(tf.TensorSpec([None, 12, 3], tf.uint8), tf.TensorSpec([], tf.int64)))

def splits():
    return {"train": pictures(40), "test": pictures(20, 40)}

def texts():
    return tf.data.Dataset.from_tensor_slices(([f"text {n}" for n in range(60)], [["no", "yes"][n % 2] for n in range(60)]))

def table():
    columns = {"age": np.arange(60), "city": ["a", "b", "c"] * 20, "v": np.ones((60, 2))}
    return tf.data.Dataset.from_tensor_slices((columns, np.arange(60) % 2 == 1))

def endless():
    return pictures().repeat()

def hidden_endless():
    return tf.data.Dataset.from_generator(lambda: iter(lambda: ("x", 1), None), output_signature=(tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.int64)))

def breaks(wrong):
    raise KeyError("no such thing as " + wrong)

def breaks_later():
    def rows():
        yield "a", 0
        raise OSError("the disk went away")
    return tf.data.Dataset.from_generator(rows, output_signature=(tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.int64)))

def batched():
    return pictures(60).map(lambda x, y: (tf.image.resize(x, [4, 4]), y)).batch(2)

def one_hot():
    return pictures().map(lambda x, y: (x, tf.one_hot(y, 3)))

def no_label():
    return pictures().map(lambda x, y: x)

def float_label():
    return pictures().map(lambda x, y: (x, 0.5))

def prices():
    return pictures().map(lambda x, y: (x, tf.cast(y, tf.float32) * 2.5))

def several():
    return pictures().map(lambda x, y: (x, tf.cast(tf.one_hot(y, 3), tf.int32) + tf.constant([0, 0, 1]) * tf.cast(y == 0, tf.int32)))

def tags():
    return pictures().map(lambda x, y: (x, tf.gather(["", "a", "b;a"], y)))

def a_list():
    return [1, 2]

def nothing():
    return {}

def odd_split():
    return {"practice": pictures()}

def unlike():
    return {"train": pictures(), "test": texts().map(lambda x, y: (x, 0))}

def one_class():
    return pictures().map(lambda x, y: (x, 0))

NUMBER = 3
"""


@pytest.fixture()
def here(tmp_path, monkeypatch) -> Path:
    """A folder with the module, where the user stands."""
    (tmp_path / "mydata.py").write_text(GOOD)
    (tmp_path / "broken.py").write_text("import no_such_package\n")
    (tmp_path / "unreadable.py").write_text("def x(:\n")
    monkeypatch.chdir(tmp_path)
    for name in ("mydata", "broken", "unreadable"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ("mydata", "broken", "unreadable"):
        sys.modules.pop(name, None)


def rows_of(data) -> dict[str, dict]:
    return {str(name): row for split in data.splits.values() for name, row in zip(split.ids, split.inputs(), strict=True)}


def test_pictures_of_different_sizes_come_back_as_they_were(here):
    data = Python(function="mydata:pictures", names=["a", "b", "c"]).open()
    import mydata

    rows = rows_of(data)
    assert data.kind == "image" and data.classes == ("a", "b", "c") and len(rows) == 60
    assert all((rows[f"row {n}"]["image"] == mydata.PIXELS[n, : 5 + n % 5]).all() for n in range(60))
    train = data.splits["train"]
    assert [data.classes[label] for label in train.labels] == ["abc"[int(str(name).split()[1]) % 3] for name in train.ids]
    assert set(train.facts) == {"height", "width", "brightness", "dhash"} and train.facts["dhash"].dtype == np.uint64


def test_a_dict_of_splits(here):
    data = Python(function="mydata:splits", split={"validation": 0.25}).open()
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 30, "validation": 10, "test": 20}
    assert data.classes == ("0", "1", "2") and str(data.splits["test"].ids[0]) == "test row 0"


def test_texts_and_tables(here):
    data = Python(function="mydata:texts").open()
    assert data.kind == "text" and data.classes == ("no", "yes") and rows_of(data)["row 7"] == {"text": b"text 7"}
    data = Python(function="mydata:table").open()
    assert {spec.name: (spec.kind, spec.shape) for spec in data.inputs} == {
        "age": ("number", ()),
        "city": ("category", ()),
        "v": ("number", (2,)),
    }
    row = rows_of(data)["row 7"]
    assert row["age"] == 7 and row["city"] == b"b" and row["v"].tolist() == [1, 1]
    assert set(data.splits["test"].facts["city"]) <= set("abc")


def test_arguments_and_rows(here):
    assert len(rows_of(Python(function="mydata:pictures", arguments={"rows": 30}).open())) == 30
    assert len(rows_of(Python(function="mydata:endless", rows=45).open())) == 45


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        ("nowhere:f", "no module 'nowhere' can be found"),
        ("broken:f", "its module cannot be imported (ModuleNotFoundError: No module named 'no_such_package', "),
        ("unreadable:f", "unreadable.py:1"),
        ("mydata:picture", "module 'mydata' has no function 'picture'; did you mean 'pictures'?"),
        ("mydata:NUMBER", "has no function 'NUMBER'"),
        ("mydata:breaks", "raised TypeError: breaks() missing 1 required"),
        ("mydata:breaks_later", "raised while its rows were read: OSError: the disk went away, HERE/mydata.py:"),
        ("mydata:a_list", "gives list, and no tf.data.Dataset"),
        ("mydata:nothing", "gives an empty dict"),
        ("mydata:odd_split", "gives a split called 'practice'"),
        ("mydata:unlike", "gives splits of different inputs"),
        ("mydata:no_label", "gives elements that are no pair (inputs, label)"),
        ("mydata:float_label", "gives labels that are no string or integer"),
        ("mydata:one_hot", "gives labels that are no string or integer"),
        ("mydata:batched", "gives labels that are no string or integer"),
        ("mydata:endless", "gives a dataset without an end; set dataset.rows"),
        ("mydata:one_class", "fewer than two classes"),
    ],
)
def test_what_is_wrong_is_one_line(here, function, hint):
    with pytest.raises(RunError) as caught:
        Python(function=function).open()
    assert hint.replace("HERE", str(here)) in str(caught.value) and "\n" not in str(caught.value)


def test_an_exception_says_its_place(here):
    with pytest.raises(RunError, match=r"raised KeyError: .*no such thing as bread.*mydata\.py:\d+; mend the function"):
        Python(function="mydata:breaks", arguments={"wrong": "bread"}).open()


def test_a_dataset_without_an_end_that_does_not_say_so_meets_the_limit(here):
    with pytest.raises(RunError, match=r"needs more than 1e-05 GB on disk"):
        Python(function="mydata:hidden_endless", scratch_gb=1e-5).open()


def test_labels_beyond_the_names(here):
    with pytest.raises(RunError, match=r"gives the label 2 in row 2, and dataset.names has 2"):
        Python(function="mydata:pictures", names=["a", "b"]).open()


def test_from_the_command_line(here):
    arguments = ["dataset=python", "dataset.function=mydata:pictures", "backbone=none", "export=[]", "tracking=none"]
    done = tfrun(here, *arguments, "debug=fast", "dataset.arguments={rows: 48}")
    assert done.code == 0 and sum(done.result["data"]["rows"].values()) == 48, done.err
    missing = tfrun(here, "check", *arguments[:1], "dataset.function=mydat:pictures", *arguments[2:])
    assert missing.code == 2 and "no module 'mydat' can be found" in missing.err


def test_numbers_and_several_classes_are_labels_of_their_tasks(here):
    prices = Python(function="mydata:prices", task="regression").open()
    assert prices.classes == () and {float(v) for split in prices.splits.values() for v in split.labels} == {0.0, 2.5, 5.0}
    several = Python(function="mydata:several", task="multilabel", names=["x", "y|z", "z"]).open()
    rows = {tuple(row) for split in several.splits.values() for row in split.labels.tolist()}
    assert several.classes == ("x", "y|z", "z") and rows == {(1, 0, 1), (0, 1, 0), (0, 0, 1)}
    tags = Python(function="mydata:tags", task="multilabel", separator=";").open()
    assert tags.classes == ("a", "b") and {tuple(row) for row in tags.splits["train"].labels.tolist()} == {
        (0, 0),
        (1, 0),
        (1, 1),
    }


@pytest.mark.parametrize(
    ("function", "task", "says"),
    [
        ("texts", "regression", "gives labels that are no number"),
        ("one_hot", "multilabel", "gives labels that are no string, nor integers, one for each of dataset.names"),
        ("pictures", "multilabel", "gives labels that are no string, nor integers"),
        ("float_label", "classification", "numbers take dataset.task=regression"),
    ],
)
def test_labels_of_another_task_are_refused(here, function, task, says):
    with pytest.raises(RunError, match=says):
        Python(function=f"mydata:{function}", task=task).open()
