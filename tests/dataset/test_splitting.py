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
