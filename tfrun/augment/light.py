"""Light augmentation for photos: mirror, shift, brightness and contrast."""

from __future__ import annotations

from tfrun.augment import Augment
from tfrun.component import setting
from tfrun.config.problems import Problem


class Light(Augment):
    """Mirrors, crops and shades images a little. Stateless: the same seed gives the same pictures."""

    flip: bool = setting(True, "mirror left and right with probability 1/2")
    crop: float = setting(0.1, "largest share of each side cut away before scaling back", ge=0, lt=0.9)
    brightness: float = setting(0.1, "largest change of brightness", unit="share of the value range", ge=0, le=1)
    contrast: float = setting(0.1, "largest change of contrast", unit="share", ge=0, lt=1)

    @property
    def changes_inputs(self) -> bool:
        return bool(self.flip or self.crop or self.brightness or self.contrast)

    def problem(self, kind):
        if kind == "image" or not self.changes_inputs:
            return None
        way_out = "use augment=none, or one for that kind"
        return Problem("augment", f"changes pictures, and the data are of kind {kind}", way_out, type(self).__name__.lower())

    def apply(self, inputs, seed):
        """inputs: float32 [batch, height, width, channels] in [0, 1]; seed: int32 [2]."""
        import tensorflow as tf

        if not self.changes_inputs:
            return tf.convert_to_tensor(inputs)
        # One draw for all: in a stream of single rows the number of operations counts.
        draws = tf.random.stateless_uniform([6, tf.shape(inputs)[0]], seed)
        images = self._placed(inputs, draws[:4]) if self.flip or self.crop else inputs
        if self.contrast or self.brightness:
            images = tf.reshape(self._shaded(images, draws[4:]), tf.shape(images))
        return tf.ensure_shape(tf.clip_by_value(images, 0.0, 1.0), inputs.shape)

    def _placed(self, images, draws):
        """Crop and mirror in one pass over the pixels: a box from right to left mirrors."""
        import tensorflow as tf

        side = 1 - self.crop * draws[1]
        top, left = draws[2] * (1 - side), draws[3] * (1 - side)
        right = left + side
        mirrored = (draws[0] < 0.5) & self.flip
        boxes = tf.stack([top, tf.where(mirrored, right, left), top + side, tf.where(mirrored, left, right)], axis=1)
        shape = tf.shape(images)
        return tf.image.crop_and_resize(images, boxes, tf.range(shape[0]), shape[1:3])

    def _shaded(self, images, draws):
        """float32 [batch, height, width * channels]: on whole lines, as three channels at a time take three times as long."""
        import tensorflow as tf

        batch, height, width, channels = tf.unstack(tf.shape(images))
        lines = tf.reshape(images, [batch, height, width * channels])
        gain = 1 + self.contrast * (2 * draws[0] - 1)
        mean = tf.reduce_mean(tf.reshape(tf.reduce_mean(lines, axis=1), [batch, width, channels]), axis=1)
        offset = mean * (1 - gain)[:, None] + (self.brightness * (2 * draws[1] - 1))[:, None]
        return lines * gain[:, None, None] + tf.tile(offset, [1, width])[:, None]
