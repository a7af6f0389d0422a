"""A planted bad slice is found by its name, and none is invented where there is none."""

import numpy as np
import pytest

from tfrun.evaluation.slices import Slicing
from tfrun.evaluation.surprise import MoreWrong, SmallerArea
from tfrun.evaluation.worst import worst

ROWS, COLUMNS, FEWEST = 1500, 6, 30


def columns(generator) -> list[Slicing]:
    return [Slicing((f"c{n}",), list("abcdef")[: n + 2], generator.integers(0, n + 2, ROWS)) for n in range(COLUMNS)]


def wrong_answers(generator):
    labels = generator.integers(0, 4, ROWS)
    return labels, generator.random(ROWS) < np.array([0.02, 0.1, 0.2, 0.4])[labels]


def scores(generator):
    """Of two classes, the second one rare."""
    labels = (generator.random(ROWS) < 0.25).astype(int)
    scores = 1 / (1 + np.exp(-(generator.normal(size=ROWS) + 2 * labels - 1)))
    return labels, scores


def pairs(scores):
    return np.stack([1 - scores, scores], axis=1)


def test_no_slice_is_invented_in_200_seeds():
    invented = {"wrong": 0, "area": 0}
    for seed in range(200):
        generator = np.random.default_rng(seed)
        data, (labels, wrong), (kind, score) = columns(generator), wrong_answers(generator), scores(generator)
        invented["wrong"] += bool(worst(data, ROWS, lambda k: MoreWrong(labels[k], wrong[k]), FEWEST))  # noqa: B023
        invented["area"] += bool(worst(data, ROWS, lambda k: SmallerArea(kind[k], pairs(score[k])), FEWEST))  # noqa: B023
    assert max(invented.values()) <= 10, invented  # 5 %


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_pair_of_values_is_found_and_nothing_else(seed):
    generator = np.random.default_rng(seed)
    data, (labels, wrong) = columns(generator), wrong_answers(generator)
    planted = (data[1].codes == 2) & (data[2].codes == 0)
    wrong |= planted & (generator.random(ROWS) < 0.6)
    (found,) = worst(data, ROWS, lambda k: MoreWrong(labels[k], wrong[k]), FEWEST)
    assert (found.columns, found.value, found.rows) == (("c1", "c2"), "c × a", planted.sum()) and found.p < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_a_slice_that_is_badly_ordered_is_found(seed):
    generator = np.random.default_rng(seed)
    data, (labels, score) = columns(generator), scores(generator)
    score[data[3].codes == 1] = generator.random((data[3].codes == 1).sum())
    found = worst(data, ROWS, lambda k: SmallerArea(labels[k], pairs(score[k])), FEWEST)
    assert [(one.columns, one.value) for one in found] == [(("c3",), "b")]


def test_a_slice_is_not_named_because_a_hard_class_is_frequent_in_it():
    generator = np.random.default_rng(0)
    labels, wrong = wrong_answers(generator)
    by_class = Slicing(("shop",), ["soft", "hard"], (generator.random(ROWS) < np.where(labels == 3, 0.9, 0.1)).astype(int))
    assert wrong[by_class.codes == 1].mean() > 2 * wrong[by_class.codes == 0].mean()
    assert not worst([by_class], ROWS, lambda k: MoreWrong(labels[k], wrong[k]), FEWEST)


def test_a_slice_with_other_base_rates_is_not_named_where_the_order_counts():
    generator = np.random.default_rng(0)
    labels, score = scores(generator)
    evening = Slicing(("hour",), ["day", "evening"], (generator.random(ROWS) < np.where(labels == 1, 0.8, 0.3)).astype(int))
    assert not worst([evening], ROWS, lambda k: SmallerArea(labels[k], pairs(score[k])), FEWEST)


def test_small_slices_and_columns_of_names_are_left_out():
    wrong, labels = np.arange(ROWS) < 20, np.zeros(ROWS, int)
    small = Slicing(("a",), ["bad", "other"], np.where(wrong, 0, 1))
    names = Slicing(("id",), [str(number) for number in range(ROWS)], np.arange(ROWS))
    assert not worst([small, names], ROWS, lambda k: MoreWrong(labels[k], wrong[k]), FEWEST)
    assert worst([small, names], ROWS, lambda k: MoreWrong(labels[k], wrong[k]), 20)


def test_the_probability_is_fishers():
    from scipy.stats import fisher_exact

    wrong = np.r_[np.ones(9), np.zeros(21), np.ones(11), np.zeros(159)].astype(bool)
    codes = np.r_[np.zeros(30, int), np.ones(170, int)]
    p = MoreWrong(np.zeros(200, int), wrong)(codes, np.array([0]))
    assert p[0] == pytest.approx(fisher_exact([[9, 21], [11, 159]], alternative="greater").pvalue)
