"""Pictures decoded in a TensorFlow graph: the first frame, upright, with one or three channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def decode(contents: tf.Tensor, orientation: tf.Tensor | None, channels: int) -> tf.Tensor:
    """contents: string scalar, a JPEG, PNG, GIF, BMP or WebP file. orientation: int32 scalar, 1 … 8 as EXIF counts; None:
    upright. Returns uint8 [height, width, channels].
    """
    import tensorflow as tf

    image = tf.ensure_shape(tf.io.decode_image(contents, channels=3, expand_animations=False), [None, None, 3])
    image = image if orientation is None else upright(image, orientation)
    return image if channels == 3 else tf.image.rgb_to_grayscale(image)


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """image: uint8 [height, width, channels] as stored. orientation: int32 scalar (EXIF 2.3, tag 0x0112)."""
    import tensorflow as tf

    def when(condition, change, image):
        return tf.ensure_shape(tf.cond(condition, lambda: change(image), lambda: image), [None, None, image.shape[-1]])

    def one_of(*numbers):
        return tf.reduce_any(orientation == tf.constant(numbers))

    image = when(orientation >= 5, lambda stored: tf.transpose(stored, [1, 0, 2]), image)
    image = when(one_of(2, 3, 6, 7), lambda turned: tf.reverse(turned, [1]), image)
    return when(one_of(3, 4, 7, 8), lambda turned: tf.reverse(turned, [0]), image)
