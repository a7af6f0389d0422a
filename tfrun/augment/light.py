"""Light augmentation for photos: mirror, shift, brightness and contrast."""

from __future__ import annotations

from tfrun.augment import Augment
from tfrun.component import setting


class Light(Augment):
    """Mirrors, crops and shades images a little. Stateless: the same seed gives the same pictures."""

    flip: bool = setting(True, "mirror left and right with probability 1/2")
    crop: float = setting(0.1, "largest share of each side cut away before scaling back", ge=0, lt=0.9)
    brightness: float = setting(0.1, "largest change of brightness", unit="share of the value range", ge=0, le=1)
    contrast: float = setting(0.1, "largest change of contrast", unit="share", ge=0, lt=1)

    def apply(self, inputs, seed):
        """inputs: float32 [batch, height, width, channels] in [0, 1]; seed: int32 [2]."""
        import tensorflow as tf

        def draw(salt: int, low: float, high: float):
            mixed = tf.random.experimental.stateless_fold_in(seed, salt)
            return tf.random.stateless_uniform([tf.shape(inputs)[0]], mixed, low, high)

        def each(value):
            return value[:, None, None, None]

        images = inputs
        if self.flip:
            images = tf.where(each(draw(0, 0.0, 1.0)) < 0.5, images[:, :, ::-1], images)
        if self.crop:
            side = draw(1, 1 - self.crop, 1.0)
            top, left = draw(2, 0.0, 1.0) * (1 - side), draw(3, 0.0, 1.0) * (1 - side)
            boxes = tf.stack([top, left, top + side, left + side], axis=1)
            shape = tf.shape(images)
            images = tf.image.crop_and_resize(images, boxes, tf.range(shape[0]), shape[1:3])
        if self.contrast:
            mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
            images = (images - mean) * each(draw(4, 1 - self.contrast, 1 + self.contrast)) + mean
        if self.brightness:
            images = images + each(draw(5, -self.brightness, self.brightness))
        return tf.ensure_shape(tf.clip_by_value(images, 0.0, 1.0), inputs.shape)
