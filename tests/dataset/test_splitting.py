import numpy as np
import pytest

from tfrun.config.problems import RunError
from tfrun.dataset import SplitBy
from tfrun.dataset.splitting import assign

LABELS = np.repeat([0, 1, 2], [100, 50, 10])


def shares(where, labels=LABELS):
    return {name: np.bincount(labels[where == name], minlength=3).tolist() for name in ("train", "validation", "test")}


def test_each_class_is_shared_out_in_the_same_proportions():
    where = assign(LABELS, SplitBy(validation=0.1, test=0.2))
    assert shares(where) == {"train": [70, 35, 7], "validation": [10, 5, 1], "test": [20, 10, 2]}


def test_the_seed_alone_decides_which_rows():
    first, again, other = (assign(LABELS, SplitBy(seed=seed)) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_no_group_is_on_two_sides_and_shares_are_still_close():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    groups = rng.integers(0, 80, 600).astype(str)
    where = assign(labels, SplitBy(validation=0.2, test=0.2), groups=groups)
    sides = {group: set(where[groups == group]) for group in set(groups)}
    assert all(len(side) == 1 for side in sides.values())
    assert 0.15 < (where == "test").mean() < 0.25 and 0.15 < (where == "validation").mean() < 0.25


def test_given_splits_stay_and_a_missing_validation_comes_from_the_training_rows():
    given = np.array(["train"] * 80 + ["TEST"] * 80)
    where = assign(np.tile([0, 1], 80), SplitBy(validation=0.25, test=0.2), given)
    assert (where[80:] == "test").all() and (where[:80] == "validation").sum() == 20


def test_rows_without_a_given_split_are_shared_out():
    given = np.array(["test"] * 40 + [""] * 120)
    where = assign(LABELS, SplitBy(validation=0.25), given)
    assert (where[:40] == "test").all() and (where[40:] != "test").all() and (where[40:] == "validation").sum() == 30


@pytest.mark.parametrize(
    ("given", "groups", "hint"),
    [
        (["train", "holdouts"], None, "row 2 has the unknown split"),
        (["train", "test"], ["anna", "anna"], "'anna' is in train and in test"),
    ],
)
def test_contradictions_in_the_data_are_named(given, groups, hint):
    with pytest.raises(RunError, match=hint):
        assign(np.array([0, 1]), SplitBy(validation=0.0), np.array(given), np.array(groups) if groups else None)


def test_too_few_rows_for_a_split_are_named():
    with pytest.raises(RunError, match="no row is left for"):
        assign(np.array([0, 1]), SplitBy())


def test_rows_alone_are_shared_out_as_groups_of_one_are():
    labels = np.random.default_rng(3).integers(0, 7, 500)
    alone = assign(labels, SplitBy(seed=5))
    grouped = assign(labels, SplitBy(seed=5), groups=np.arange(500))
    assert (alone == grouped).all()


def test_by_time_the_latest_rows_are_tested_and_ties_stay_together():
    times = np.repeat(np.arange(16), 10).astype(str)
    shuffled = np.random.default_rng(0).permutation(160)
    where = assign(LABELS, SplitBy(time="when", validation=0.25, test=0.25), columns={"when": times[shuffled]})
    number = times[shuffled].astype(int)
    parts = [number[where == name] for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [80, 40, 40]
    assert parts[0].max() < parts[1].min() and parts[1].max() < parts[2].min()


def test_by_time_dates_are_read_as_dates():
    days = np.array([f"2024-{month:02}-01" for month in (11, 2, 9, 10, 1, 12)])
    where = assign(np.zeros(6, int), SplitBy(time="day", validation=0.2, test=0.2), columns={"day": days})
    assert where.tolist() == ["validation", "train", "train", "train", "train", "test"]


def test_by_values_and_the_rest_to_the_other_splits():
    months = np.arange(160) % 12 + 1
    by = SplitBy(values={"train": {"month": [1, 2, 3]}}, validation=0.1, test=0.3)
    where = assign(LABELS, by, columns={"month": months.astype(str)})
    assert ((where == "train") == (months <= 3)).all() and 0.2 < (where == "validation").sum() / (where == "test").sum() < 0.5


def test_a_split_that_no_rule_leaves_rows_for_is_taken_from_train():
    months = np.arange(160) % 12 + 1
    by = SplitBy(values={"train": {"month": [1, 2, 3, 4, 5, 6]}, "test": {"month": [7, 8, 9, 10, 11, 12]}}, validation=0.25)
    where = assign(LABELS, by, columns={"month": months.astype(str)})
    assert ((where == "test") == (months > 6)).all() and 18 <= (where == "validation").sum() <= 22


def test_without_stratifying_chance_decides():
    where = assign(LABELS, SplitBy(stratify=False, test=0.5, validation=0.0))
    assert (where == "test").sum() == 80 and (where != assign(LABELS, SplitBy(test=0.5, validation=0.0))).any()


@pytest.mark.parametrize(
    ("by", "columns", "hint"),
    [
        (SplitBy(time="when"), {"when": ["1"] * 160}, "holds 1 different times for 3 splits"),
        (SplitBy(time="when"), {"when": ["soon"] * 160}, "neither a number nor a date"),
        (SplitBy(time="when"), {"when": ["1", ""] * 80}, "row 2 has none"),
        (SplitBy(time="wen"), {"when": ["1"] * 160}, "did you mean 'when'"),
        (SplitBy(values={"train": {"m": [1]}, "test": {"m": [1, 2]}}), {"m": ["1", "2"] * 80}, "row 1 is in train too"),
        (
            SplitBy(values={"train": {"m": [1]}, "test": {"m": [2]}, "validation": {"m": [3]}}),
            {"m": ["1", "2", "3", "4"] * 40},
            "40 rows are in none of them",
        ),
    ],
)
def test_columns_that_cannot_decide_are_named(by, columns, hint):
    with pytest.raises(RunError, match=hint):
        assign(LABELS, by, columns={name: np.array(values, object) for name, values in columns.items()})
