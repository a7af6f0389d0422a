"""Labels of each task, from strings and numbers as the data have them."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun import check, load
from tfrun.config.problems import RunError
from tfrun.dataset.arrays import Arrays
from tfrun.dataset.csv import Csv
from tfrun.dataset.image_folder import ImageFolder
from tfrun.dataset.labels import Labelling


def problems_of(*overrides: str) -> list[str]:
    return [str(problem) for problem in check(load([*overrides]))]


IDS = np.array([f"row {number}" for number in range(6)], object)


def test_several_classes_come_as_one_string_in_any_order_and_none_is_none():
    found = Labelling("multilabel").of(np.array(["b|a", " a ", "", "c | b", "b|b", "a"], object), IDS)
    assert found.classes == ("a", "b", "c")
    assert (
        found.values.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 0]]
        and found.values.dtype == np.uint8
    )
    assert found.strata.tolist() == [0, 0, 3, 2, 1, 0]  # the rarest class that a row has


def test_numbers_are_cut_into_tenths_for_the_splits():
    values = np.random.default_rng(0).normal(size=1000)
    found = Labelling("regression").of(np.array([f"{value:.6f}" for value in values], object), np.arange(1000))
    np.testing.assert_allclose(found.values, values, atol=1e-5)
    assert found.classes == () and np.bincount(found.strata).tolist() == [100] * 10


@pytest.mark.parametrize(
    ("task", "labels", "says"),
    [
        ("regression", ["1", "two", "3", "nan", "5", "6"], "row 1 = two: its label is no number; give every row a number"),
        ("regression", ["7", "7", "7.0", "7", "7", "7"], "dataset.label: is 7 in every row; there is nothing to learn"),
        (
            "multilabel",
            ["a", "a", "", "a", "a", "a"],
            "dataset.label: holds 1 class only, 'a'; name two or more, with '|' between",
        ),
        ("multilabel", [""] * 6, "dataset.label: holds no classes; name two or more"),
    ],
)
def test_what_cannot_be_a_label_is_named(task, labels, says):
    with pytest.raises(RunError) as error:
        Labelling(task).of(np.array(labels, object), IDS)
    assert says in str(error.value)
    assert ("row 3 = nan" in str(error.value)) == (labels[3] == "nan")


def test_a_table_of_numbers_to_predict_keeps_its_splits_alike(tmp_path):
    rows = "\n".join(f"{number % 7},{number**2}" for number in range(400))
    (tmp_path / "t.csv").write_text(f"a,price\n{rows}\n")
    data = Csv(file=str(tmp_path / "t.csv"), label="price", task="regression").open()
    assert data.task == "regression" and data.classes == () and data.outputs == 1
    assert all(split.labels.dtype == np.float32 and split.labels.shape == (len(split),) for split in data.splits.values())
    medians = [float(np.median(split.labels)) for split in data.splits.values()]
    assert max(medians) < 1.1 * min(medians)


def test_a_table_of_several_classes_may_have_rows_without_any(tmp_path):
    rows = "\n".join(f"{number},{['x', 'x;y', '', 'y'][number % 4]}" for number in range(200))
    (tmp_path / "t.csv").write_text(f"a,tags\n{rows}\n")
    data = Csv(file=str(tmp_path / "t.csv"), label="tags", task="multilabel", separator=";").open()
    assert data.classes == ("x", "y") and sum(len(split) for split in data.splits.values()) == 200
    assert {tuple(row) for split in data.splits.values() for row in split.labels.tolist()} == {(1, 0), (1, 1), (0, 0), (0, 1)}


def test_arrays_take_numbers_and_indicator_matrices(tmp_path):
    inputs, generator = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32), np.random.default_rng(1)
    np.savez(tmp_path / "n.npz", inputs=inputs, labels=inputs.sum(axis=1))
    assert Arrays(path=tmp_path / "n.npz", task="regression").open().splits["train"].labels.dtype == np.float32
    matrix = generator.integers(0, 2, (60, 3))
    np.savez(tmp_path / "m.npz", inputs=inputs, labels=matrix, names=["a", "b", "c"])
    data = Arrays(path=tmp_path / "m.npz", task="multilabel").open()
    assert data.classes == ("a", "b", "c") and sum(split.labels.sum() for split in data.splits.values()) == matrix.sum()


@pytest.mark.parametrize(
    ("arrays", "task", "says"),
    [
        ({"labels": np.full((60, 3), 2)}, "multilabel", "save 0 and 1 [rows, classes], or strings [rows]"),
        ({"labels": np.ones((60, 3), int)}, "multilabel", "'names' does not name each class; save strings [3] as 'names'"),
        ({"labels": np.array(["a"] * 60)}, "regression", "save numbers [rows]"),
        ({"labels": np.r_[np.zeros(59), np.inf]}, "regression", "row 59 = inf: its label is no number"),
    ],
)
def test_arrays_that_fit_no_task_are_refused(tmp_path, arrays, task, says):
    np.savez(tmp_path / "x.npz", inputs=np.zeros((60, 4), np.float32), **arrays)
    with pytest.raises(RunError) as error:
        Arrays(path=tmp_path / "x.npz", task=task).open()
    assert says in str(error.value)


def test_folders_need_an_index_for_labels_that_are_no_names_of_folders(pictures):
    (problem,) = ImageFolder(directory=pictures, task="regression").problems()
    assert str(problem).startswith("dataset.task = regression: needs labels that are no names of folders; set dataset.index")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("dataset.task=regression", "dataset.task = regression: is not for these data: dataset=Fashion is for classification"),
        ("evaluation.primary=r2", "evaluation.primary = r2: is no metric of task=classification"),
        ("evaluation.metrics=[mae]", "evaluation.metrics = mae: is no metric of task=classification"),
    ],
)
def test_what_is_not_for_the_task_is_told_before_the_run(override, says):
    assert any(says in line for line in problems_of("+experiment=quickstart", override))


@pytest.mark.parametrize(
    "override",
    [
        "evaluation.calibration=temperature", "evaluation.threshold.target=cost", "training.class_weights=balanced",
        "training.label_smoothing=0.1", "training.focal_gamma=2", "evaluation.primary=accuracy", "evaluation.primary=mae",
    ],
)  # fmt: skip
def test_what_is_for_classes_is_refused_of_numbers(override):
    numbers = [
        "+experiment=flights",
        "dataset.task=regression",
        "dataset.label=arr_delay",
        "dataset.ignore=[late,day]",
        "gate=none",
    ]
    usual = [
        "evaluation.primary=null",
        "evaluation.metrics=null",
        "evaluation.threshold.target=none",
        "training.class_weights=none",
    ]
    assert problems_of(*numbers, *usual) == []
    assert [line.split(" = ")[0] for line in problems_of(*numbers, *usual, override)] == [override.split("=")[0]]
