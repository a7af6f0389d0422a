"""95 % intervals hold the true value about 95 times in 100."""

import numpy as np

from tfrun.evaluation.groups import Groups, Sums
from tfrun.evaluation.interval import intervals
from tfrun.evaluation.metrics import METRICS

SHARE = 0.7  # of answers that are right


def answers(seed: int, count: int = 200):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    right = generator.random(count) < SHARE
    certain = 0.5 + generator.random(count) / 2
    return labels, np.where((labels == 1) == right, [1 - certain, certain], [certain, 1 - certain]).T


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = 0
    for seed in range(200):
        labels, probabilities = answers(seed)
        low, high = intervals(Groups(labels, probabilities), {"accuracy": METRICS["accuracy"]}, 300, seed)["accuracy"][0]
        held += low <= SHARE <= high
    assert 180 <= held <= 199  # a true 95 % would leave this range in one of 2,000 cases


def test_large_and_small_groups_have_intervals_of_their_own():
    labels, probabilities = answers(0, 40_000)
    codes = np.where(np.arange(40_000) < 100, 0, 1)
    low, high = intervals(Groups(labels, probabilities, codes, 3), {"auc": METRICS["auc"]}, 400)["auc"].T
    assert high[0] - low[0] > 10 * (high[1] - low[1])  # the roots of 100 and 39,900 differ by 20
    whole = METRICS["auc"](Sums(Groups(labels, probabilities, codes, 3)))
    assert low[0] < whole[0] < high[0] and low[1] < whole[1] < high[1]
    assert np.isnan(low[2]) and np.isnan(high[2])


def test_the_same_seed_gives_the_same_interval():
    groups = Groups(*answers(1))
    assert np.array_equal(*(intervals(groups, METRICS, 50, 3)["f1"] for _ in range(2)))


def test_a_metric_that_is_not_defined_has_no_interval():
    labels, probabilities = answers(2)
    assert np.isnan(intervals(Groups(np.zeros_like(labels), probabilities), {"auc": METRICS["auc"]}, 50)["auc"]).all()
