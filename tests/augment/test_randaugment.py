"""Each operation beside Pillow's, and the whole as a function of the seed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from tfrun.augment.operations import OPERATIONS
from tfrun.augment.randaugment import Operation, RandAugment
from tfrun.training.stream import input_batches
from tfrun.transform.image import Image as ImageTransform


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """uint8 [48, 64, 3] with all kinds of colours."""
    y, x = np.mgrid[:48, :64]
    noise = np.random.default_rng(0).integers(0, 60, (48, 64, 3))
    return (np.stack([x * 3, y * 4, (x + y) * 1.5], axis=-1) + noise).clip(0, 255).astype(np.uint8)


def apply(name: str, picture: np.ndarray, level: float) -> np.ndarray:
    """In levels of 255."""
    out = OPERATIONS[name](tf.constant(picture.astype("float32") / 255), tf.constant(level, tf.float32)).numpy()
    assert out.shape == picture.shape and out.dtype == np.float32 and out.min() >= 0 and out.max() <= 1
    return out * 255


def enhanced(kind, picture, level):
    return np.asarray(kind(Image.fromarray(picture)).enhance(1 + 0.9 * level))


@pytest.mark.parametrize("level", [-1.0, -0.4, 0.4, 1.0])
@pytest.mark.parametrize(
    ("name", "by_pillow", "largest"),
    [
        ("identity", lambda picture, level: picture, 0),
        ("auto_contrast", lambda picture, level: ImageOps.autocontrast(Image.fromarray(picture)), 1.01),
        ("equalization", lambda picture, level: ImageOps.equalize(Image.fromarray(picture)), 0.01),
        ("solarization", lambda picture, level: ImageOps.solarize(Image.fromarray(picture), 256 * (1 - abs(level))), 0.01),
        ("posterization", lambda picture, level: ImageOps.posterize(Image.fromarray(picture), 8 - round(4 * abs(level))), 0.01),
        ("color_degeneration", lambda picture, level: enhanced(ImageEnhance.Color, picture, level), 2.01),
        ("contrast", lambda picture, level: enhanced(ImageEnhance.Contrast, picture, level), 1.5),
        ("brightness", lambda picture, level: enhanced(ImageEnhance.Brightness, picture, level), 1.01),
        ("sharpness", lambda picture, level: enhanced(ImageEnhance.Sharpness, picture, level), 2.01),
    ],
)
def test_colours_change_as_pillow_changes_them(picture, name, by_pillow, largest, level):
    expected = np.asarray(by_pillow(picture, level)).astype(float)
    assert np.abs(apply(name, picture, level) - expected).max() <= largest


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in ("auto_contrast", "equalization")])
def test_at_level_0_nothing_changes(picture, name):
    np.testing.assert_allclose(apply(name, picture, 0.0), picture, atol=1e-3)


@pytest.mark.parametrize("sign", [-1, 1])
def test_translation_by_whole_pixels(picture, sign):
    level = sign * 10 / (150 / 331 * 64)
    out, white = apply("translation_x", picture, level), 127.5
    kept, gap = (out[:, :54], out[:, 54:]) if sign > 0 else (out[:, 10:], out[:, :10])
    np.testing.assert_allclose(kept, picture[:, 10:] if sign > 0 else picture[:, :54], atol=0.01)
    np.testing.assert_allclose(gap, white, atol=0.01)
    turned = apply("translation_y", picture.transpose(1, 0, 2), level).transpose(1, 0, 2)
    np.testing.assert_allclose(turned, out, atol=0.01)


@pytest.mark.parametrize("name", ["rotation", "shear_x", "shear_y"])
@pytest.mark.parametrize("level", [-1.0, 0.5])
def test_rotation_and_shear_are_pillows(picture, name, level):
    smooth = np.asarray(Image.fromarray(picture).resize((16, 12)).resize((64, 48), Image.Resampling.BICUBIC))
    shear = 0.3 * level
    image = Image.fromarray(smooth)
    grey = (128, 128, 128)
    if name == "rotation":
        expected = image.rotate(30 * level, Image.Resampling.BILINEAR, fillcolor=grey)
    else:
        # Pillow counts from the corner of the first pixel, TensorFlow from its centre.
        matrix = (1, shear, -shear / 2, 0, 1, 0) if name == "shear_x" else (1, 0, 0, shear, 1, -shear / 2)
        expected = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=grey)
    difference = np.abs(apply(name, smooth, level) - np.asarray(expected))
    assert np.median(difference) < 1 and np.percentile(difference, 90) < 3


def test_one_channel_goes_through_all(picture):
    for name in OPERATIONS:
        assert apply(name, picture[..., :1], 0.9).shape == picture[..., :1].shape


def test_the_names_to_choose_from_are_all_there_are():
    assert Operation.__args__ == tuple(OPERATIONS)


def test_the_seed_alone_decides_and_rows_differ(fashion):
    images = np.stack([row["image"] for row in fashion.splits["train"].first(12).inputs()]).astype("float32") / 255
    same = np.repeat(images[:1], 12, axis=0)
    first, again, other = (
        RandAugment().apply(tf.constant(same), tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3])
    )
    assert (first == again).all() and (first != other).any() and len(np.unique(first, axis=0)) > 6
    off = RandAugment(operations=["rotation", "brightness"], magnitude=0).apply(tf.constant(images), tf.constant([1, 2]))
    np.testing.assert_allclose(off, images, atol=1e-5)


def test_only_the_chosen_operations_are_drawn(fashion):
    images = np.stack([row["image"] for row in fashion.splits["train"].first(6).inputs()]).astype("float32") / 255
    out = RandAugment(count=1, operations=["brightness"], magnitude=5).apply(tf.constant(images), tf.constant([3, 4])).numpy()
    for image, changed in zip(images, out, strict=True):
        assert any(np.allclose(changed, np.clip(image * factor, 0, 1), atol=1e-5) for factor in (0.55, 1.45))


def test_a_stream_that_starts_later_is_the_same(fashion):
    model = SimpleNamespace(transform=ImageTransform(image_size=28).build(fashion, None))
    split = fashion.splits["train"].first(40)
    whole = list(input_batches(model, split, RandAugment(), 8, seed=5).take(4))
    later = next(iter(input_batches(model, split, RandAugment(), 8, seed=5, first_step=3)))
    np.testing.assert_array_equal(whole[3][0], later[0])
    assert (whole[0][0].numpy() != whole[1][0].numpy()).any()


def test_unknown_operations_are_refused():
    with pytest.raises(ValueError, match="auto_contrast"):
        RandAugment(operations=["autocontrast"])
