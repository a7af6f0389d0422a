import numpy as np
import tensorflow as tf

from tfrun.augment.light import Light
from tfrun.augment.none import NoAugment


def batch(fashion):
    return np.stack(list(fashion.splits["train"].first(16).inputs())).astype("float32") / 255


def test_the_seed_alone_decides_and_values_stay_in_range(fashion):
    images = batch(fashion)
    first, again, other = (Light().apply(images, tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    assert (first == again).all() and (first != other).any() and (first != images).any()
    assert first.shape == images.shape and first.min() >= 0 and first.max() <= 1


def test_with_everything_off_nothing_changes(fashion):
    images = batch(fashion)
    off = Light(flip=False, crop=0, brightness=0, contrast=0)
    np.testing.assert_array_equal(off.apply(images, tf.constant([1, 2])).numpy(), images)


def test_flip_mirrors_about_half_of_the_rows(fashion):
    images = batch(fashion)
    out = Light(crop=0, brightness=0, contrast=0).apply(images, tf.constant([3, 4])).numpy()
    mirrored = [(o == i[:, ::-1]).all() and not (o == i).all() for o, i in zip(out, images, strict=True)]
    assert 3 <= sum(mirrored) <= 13
    assert all((o == i).all() or m for o, i, m in zip(out, images, mirrored, strict=True))


def test_none_lets_features_be_computed_once():
    assert not NoAugment().changes_inputs and Light().changes_inputs
