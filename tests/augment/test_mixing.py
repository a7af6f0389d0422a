"""Blending of two rows: the share that is told is the share that is there."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from tfrun.augment.cutmix import CutMix
from tfrun.augment.light import Light
from tfrun.augment.mixup import Mixup
from tfrun.augment.none import NoAugment

SHARE = tf.constant([0.0, 0.3, 0.8, 1.0])
ZEROS, ONES = tf.zeros([4, 20, 30, 3]), tf.ones([4, 20, 30, 3])


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 5.0])
def test_shares_follow_the_beta_distribution(alpha):
    shares = Mixup(alpha=alpha).shares(20_000, seed=1, number=0).numpy()
    assert shares.dtype == np.float32 and shares.min() >= 0 and shares.max() <= 1
    assert abs(shares.mean() - 0.5) < 0.015
    assert abs(shares.var() - 1 / (4 * (2 * alpha + 1))) < 0.01


def test_probability_leaves_some_rows_whole():
    shares = Mixup(alpha=5.0, probability=0.3).shares(10_000, seed=1, number=0).numpy()
    assert 0.67 < (shares == 1).mean() < 0.73


def test_seed_and_pass_decide_the_shares():
    first, again, other, later = (Mixup().shares(50, seed, number).numpy() for seed, number in [(1, 0), (1, 0), (2, 0), (1, 1)])
    assert (first == again).all() and (first != other).any() and (first != later).any()


def test_mixup_is_the_weighted_mean_of_pictures_and_of_features():
    mixed, share = Mixup().mix(ONES, ZEROS, SHARE, tf.constant([0, 1]))
    assert (mixed == SHARE[:, None, None, None] * tf.ones_like(mixed)).numpy().all() and (share == SHARE).numpy().all()
    features, _ = Mixup().mix(tf.ones([4, 7]), tf.zeros([4, 7]), SHARE, tf.constant([0, 1]))
    assert (features == SHARE[:, None] * tf.ones([4, 7])).numpy().all()


@pytest.mark.parametrize("number", range(8))
def test_cutmix_pastes_one_box_and_tells_its_area(number):
    mixed, share = CutMix().mix(ONES, ZEROS, SHARE, tf.constant([0, number]))
    np.testing.assert_allclose(tf.reduce_mean(mixed, [1, 2, 3]), share, atol=1e-6)
    assert (share >= SHARE - 0.06).numpy().all() and share[3] == 1
    for picture in mixed.numpy()[..., 0]:
        rows, columns = np.flatnonzero((picture == 0).any(axis=1)), np.flatnonzero((picture == 0).any(axis=0))
        assert (picture[np.ix_(rows, columns)] == 0).all()
        assert (np.diff(rows) == 1).all() and (np.diff(columns) == 1).all()


def test_cutmix_puts_its_box_elsewhere_for_another_seed():
    first, again, other = (CutMix().mix(ONES, ZEROS, SHARE, tf.constant([0, number]))[0] for number in (1, 1, 2))
    assert (first == again).numpy().all() and (first != other).numpy().any()


def test_what_each_says_of_itself():
    assert not Light().mixes and not NoAugment().mixes
    assert Mixup().mixes and not Mixup().needs_pictures and Mixup().changes_inputs
    assert CutMix().mixes and CutMix().needs_pictures
    still = {"flip": False, "crop": 0, "brightness": 0, "contrast": 0}
    assert not Mixup(**still).changes_inputs and CutMix(**still).changes_inputs


@pytest.mark.parametrize(("option", "value"), [("alpha", 0.0), ("probability", 0.0), ("probability", 1.5), ("views", -1)])
def test_values_out_of_range_are_refused(option, value):
    with pytest.raises(ValidationError, match=option):
        Mixup(**{option: value})


def test_views_without_random_changes_are_refused():
    assert Light(views=4).views == 4
    with pytest.raises(ValidationError, match="choose an augmentation"):
        NoAugment(views=4)
