"""The operations of RandAugment on one picture, each at a level.

A picture is float32 [height, width, channels] in [0, 1]; a level is a float32 scalar in [-1, 1], its sign drawn; at 0 nothing
changes, except for the two that have no level. Ranges at level 1 are those of AutoAugment (Cubuk et al., 2019, table 6);
names are those of KerasCV's layers, without `Random`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

_FACTOR, _ROTATION, _SHEAR, _SHIFT, _BITS = 0.9, math.radians(30), 0.3, 150 / 331, 4
_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
_FILL = 0.5  # grey, where a moved picture leaves nothing


def identity(image, level):
    return image


def auto_contrast(image, level):
    """The darkest value of each channel becomes 0, the brightest 1."""
    low, high = tf.reduce_min(image, [0, 1]), tf.reduce_max(image, [0, 1])
    return tf.where(high > low, (image - low) / tf.where(high > low, high - low, 1.0), image)


def equalization(image, level):
    """Each channel's histogram of 256 levels made flat, as Pillow's `ImageOps.equalize` does."""
    channels = image.shape[-1]
    levels = tf.cast(tf.round(image * 255), tf.int32)
    shifted = levels + 256 * tf.range(channels)
    counts = tf.reshape(tf.math.bincount(tf.reshape(shifted, [-1]), minlength=256 * channels), [channels, 256])
    brightest = tf.gather(counts, tf.reduce_max(levels, [0, 1]), batch_dims=1)
    step = (tf.reduce_sum(counts, axis=1) - brightest) // 255
    before = tf.cumsum(counts, axis=1, exclusive=True) + step[:, None] // 2
    table = tf.clip_by_value(before // tf.maximum(step, 1)[:, None], 0, 255)
    equal = tf.cast(tf.gather(tf.reshape(table, [-1]), shifted), tf.float32) / 255
    return tf.where(step > 0, equal, image)


def solarization(image, level):
    """Values from a threshold on are inverted; the threshold falls from above white to black."""
    threshold = 256 / 255 * (1 - tf.abs(level))
    return tf.where(image >= threshold, 1 - image, image)


def posterization(image, level):
    """The lowest of 8 bits are dropped, at most 4."""
    step = tf.pow(2.0, tf.round(_BITS * tf.abs(level)))
    return tf.floor(tf.round(image * 255) / step) * step / 255


def color_degeneration(image, level):
    """Paler down to a tenth of the colour, or stronger."""
    return image if image.shape[-1] != 3 else _blend(_grey(image), image, level)


def contrast(image, level):
    """Nearer to the mean luminance, or farther from it."""
    return _blend(tf.reduce_mean(_grey(image)), image, level)


def brightness(image, level):
    return _blend(tf.zeros_like(image), image, level)


def sharpness(image, level):
    """Blurred, or sharpened by as much; the outermost pixels stay."""
    kernel = tf.constant([[1, 1, 1], [1, 5, 1], [1, 1, 1]], tf.float32) / 13
    channels = image.shape[-1]
    kernel = tf.tile(kernel[..., None, None], [1, 1, channels, 1])
    inner = tf.nn.depthwise_conv2d(image[None], kernel, [1, 1, 1, 1], "VALID")[0]
    inside = tf.pad(tf.ones_like(inner, tf.bool), [[1, 1], [1, 1], [0, 0]])
    smooth = tf.where(inside, tf.pad(inner, [[1, 1], [1, 1], [0, 0]]), image)
    return _blend(smooth, image, level)


def rotation(image, level):
    """Around the centre, to the left where the level is above 0."""
    angle, shape = level * _ROTATION, tf.cast(tf.shape(image), tf.float32)
    y, x = (shape[0] - 1) / 2, (shape[1] - 1) / 2
    sine, cosine = tf.sin(angle), tf.cos(angle)
    return _moved(image, cosine, -sine, x - x * cosine + y * sine, sine, cosine, y - x * sine - y * cosine)


def shear_x(image, level):
    return _moved(image, 1, level * _SHEAR, 0, 0, 1, 0)


def shear_y(image, level):
    return _moved(image, 1, 0, 0, level * _SHEAR, 1, 0)


def translation_x(image, level):
    """To the left where the level is above 0."""
    return _moved(image, 1, 0, level * _SHIFT * tf.cast(tf.shape(image)[1], tf.float32), 0, 1, 0)


def translation_y(image, level):
    return _moved(image, 1, 0, 0, 0, 1, level * _SHIFT * tf.cast(tf.shape(image)[0], tf.float32))


def _blend(other, image, level):
    """`other` at a factor of 0, the picture at 1, beyond it at more."""
    return tf.clip_by_value(other + (1 + _FACTOR * level) * (image - other), 0.0, 1.0)


def _grey(image):
    """float32 [height, width, 1]."""
    if image.shape[-1] != 3:
        return image
    return tf.reduce_sum(image * tf.constant(_LUMINANCE), axis=-1, keepdims=True)


def _moved(image, *matrix):
    """matrix: a0 … b2; the pixel at (x, y) comes from (a0 x + a1 y + a2, b0 x + b1 y + b2)."""
    row = tf.stack([tf.cast(value, tf.float32) for value in (*matrix, 0, 0)])
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None], transforms=row[None], output_shape=tf.shape(image)[:2], interpolation="BILINEAR",
        fill_mode="CONSTANT", fill_value=_FILL,
    )  # fmt: skip
    return tf.ensure_shape(moved[0], image.shape)


OPERATIONS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        identity, auto_contrast, equalization, rotation, solarization, color_degeneration, posterization, contrast, brightness,
        sharpness, shear_x, shear_y, translation_x, translation_y,
    )
}  # fmt: skip
