import numpy as np
import tensorflow as tf

from tfrun.augment.light import Light
from tfrun.augment.none import NoAugment


def batch(fashion):
    return np.stack([row["image"] for row in fashion.splits["train"].first(16).inputs()]).astype("float32") / 255


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


def test_a_crop_is_a_part_of_the_picture_scaled_back():
    ramp = np.tile(np.linspace(0, 1, 40, dtype="float32")[None, None, :, None], (64, 30, 1, 3))
    out = Light(flip=False, brightness=0, contrast=0, crop=0.5).apply(ramp, tf.constant([1, 2])).numpy()
    spans = out[:, 0, -1, 0] - out[:, 0, 0, 0]
    assert spans.min() >= 0.5 - 1e-3 and spans.max() <= 1 and spans.std() > 0.05
    np.testing.assert_allclose(np.diff(out[:, 0, :, 0], axis=1), np.repeat(spans[:, None] / 39, 39, axis=1), atol=1e-5)


def test_brightness_and_contrast_are_what_they_say():
    images = np.random.default_rng(0).uniform(0.4, 0.6, (64, 8, 8, 3)).astype("float32")
    mean, spread = (lambda pictures: pictures.mean(axis=(1, 2))), (lambda pictures: pictures.std(axis=(1, 2)))
    brighter = Light(flip=False, crop=0, contrast=0, brightness=0.2).apply(images, tf.constant([1, 2])).numpy()
    change = mean(brighter) - mean(images)
    np.testing.assert_allclose(change, change[:, :1].repeat(3, axis=1), atol=1e-6)
    assert 0.1 < np.abs(change).max() <= 0.2 and change.min() < 0 < change.max()
    stronger = Light(flip=False, crop=0, brightness=0, contrast=0.5).apply(images, tf.constant([1, 2])).numpy()
    np.testing.assert_allclose(mean(stronger), mean(images), atol=1e-6)
    ratio = spread(stronger) / spread(images)
    assert 0.5 <= ratio.min() < 0.7 and 1.3 < ratio.max() <= 1.5 + 1e-4
