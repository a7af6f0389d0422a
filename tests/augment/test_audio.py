"""Sounds are changed by the seed alone, and stay sounds."""

import numpy as np
import pytest
import tensorflow as tf

from tests.sounds import sound
from tfrun.augment.audio import AudioAugment
from tfrun.augment.light import Light

ROW = sound("tone", np.random.default_rng(0), noise=0.0).astype("float32")[None]


def changed(seed: int = 0, row=ROW, **settings) -> np.ndarray:
    return AudioAugment(**settings).change({"audio": tf.constant(row)}, tf.constant([0, seed]))["audio"].numpy()


def test_the_seed_alone_decides():
    assert (changed(1) == changed(1)).all() and (changed(1) != changed(2)).any()
    assert changed(1).shape == ROW.shape and changed(1).dtype == np.float32 and np.abs(changed(1)).max() <= 1


def test_rows_of_a_batch_are_changed_each_in_its_own_way():
    both = changed(3, np.concatenate([ROW, ROW]))
    assert (both[0] != both[1]).any()


@pytest.mark.parametrize("seed", range(5))
def test_gain_stays_in_its_range(seed):
    ratio = changed(seed, gain=6.0, shift=0, noise=None) / np.where(ROW == 0, 1, ROW)
    ratio = ratio[ROW != 0]
    assert ratio.std() < 1e-5 and 10 ** (-6 / 20) - 1e-6 <= ratio.mean() <= 10 ** (6 / 20) + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_moves_and_lets_silence_in(seed):
    moved = changed(seed, gain=0, shift=0.25, noise=None)[0]
    by = next(by for by in range(-4000, 4001) if (np.roll(ROW[0], by)[4000:12000] == moved[4000:12000]).all())
    assert (moved[:by] == 0).all() if by > 0 else (moved[len(moved) + by :] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_softer_than_the_sound_by_what_is_said(seed):
    added = changed(seed, row=ROW * 0.5, gain=0, shift=0, noise=10.0) - ROW * 0.5
    below = 20 * np.log10(np.sqrt(np.mean((ROW * 0.5) ** 2)) / np.sqrt(np.mean(added**2)))
    assert 9.8 <= below <= 40.2


def test_silence_and_nothing_at_all_stay_what_they_are():
    assert (changed(0, np.zeros((1, 100), "float32")) == 0).all() and changed(0, np.zeros((1, 0), "float32")).shape == (1, 0)


def test_without_changes_there_is_nothing_to_do():
    still = AudioAugment(gain=0, shift=0, noise=None)
    assert not still.changes_inputs and AudioAugment().changes_inputs
    assert (still.change({"audio": ROW}, tf.constant([0, 0]))["audio"] == ROW).all()


def test_each_says_which_data_it_is_for():
    assert AudioAugment().problem("audio") is None and Light().problem("image") is None
    assert "changes sounds, and the data are of kind image" in str(AudioAugment().problem("image"))
    assert "augment = light: changes pictures, and the data are of kind audio" in str(Light().problem("audio"))


@pytest.mark.parametrize("wrong", [{"gain": -1}, {"shift": 1}, {"noise": 1000}])
def test_values_without_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        AudioAugment(**wrong)
