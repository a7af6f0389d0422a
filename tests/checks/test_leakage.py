"""How much one feature alone tells of the label."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.checks.hashing import hashed
from tfrun.checks.leakage import predictive_power

DRAW = np.random.default_rng(0)
LABELS = DRAW.integers(0, 5, 2000)


def words(values):
    return hashed([str(value) for value in values])


def test_the_label_itself_tells_all_as_number_word_and_noisy():
    for feature in (
        LABELS * 1.5,
        words(LABELS),
        LABELS + DRAW.normal(0, 0.05, 2000),
        words(LABELS * 10 + DRAW.integers(0, 10, 2000)),
    ):
        assert predictive_power(feature.astype(float) if feature.dtype.kind != "u" else feature, words(LABELS)) > 0.98


def test_what_has_nothing_to_do_with_it_tells_nothing():
    for feature in (DRAW.normal(size=2000), words(DRAW.integers(0, 9, 2000)), words(range(2000)), np.arange(2000.0)):
        assert predictive_power(feature, words(LABELS)) < 0.1


def test_a_value_that_is_missing_for_one_class_tells():
    feature = np.where(LABELS == 0, np.nan, DRAW.normal(size=2000))
    assert predictive_power(feature, words(LABELS == 0)) == pytest.approx(1.0)


def test_numbers_to_predict_are_judged_by_their_squares():
    target = DRAW.normal(size=2000)
    assert predictive_power(target * 3 + 1, target) > 0.98
    assert predictive_power(np.sign(target), target) < 0.7
    assert predictive_power(DRAW.normal(size=2000), target) < 0.05


def test_infinities_and_one_class_do_no_harm():
    assert predictive_power(np.where(LABELS == 1, np.inf, 0.0), words(LABELS == 1)) == pytest.approx(1.0)
    assert predictive_power(DRAW.normal(size=2000), np.zeros(2000)) == 0.0
