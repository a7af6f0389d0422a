"""CutMix: a box of one picture is pasted from another (Yun et al., "CutMix", 2019)."""

from __future__ import annotations

from tfrun.augment.mixing import Mixing
from tfrun.component import setting


class CutMix(Mixing):
    """Light, then a box of each picture is replaced by that of another training picture; labels count by area."""

    alpha: float = setting(1.0, "both shapes of the Beta distribution of the shares", ge=0.05, le=100)

    @property
    def changes_inputs(self) -> bool:
        return True

    @property
    def needs_pictures(self) -> bool:
        return True

    def mix(self, inputs, partners, share, seed):
        """inputs, partners: float32 [batch, height, width, channels]; share: float32 [batch]; seed: int32 [2].

        The box has the picture's proportions and its centre anywhere, so that part of it may lie outside; the share that
        is returned is that of the pixels which stayed.
        """
        import tensorflow as tf

        shape = tf.shape(inputs)
        sides = tf.cast(shape[1:3], tf.float32)
        centre = tf.random.stateless_uniform([shape[0], 2], tf.random.experimental.stateless_fold_in(seed, 2)) * sides
        half = 0.5 * sides * tf.sqrt(1 - share)[:, None]
        low, high = (tf.clip_by_value(tf.round(edge), 0.0, sides) for edge in (centre - half, centre + half))

        def within(axis: int):
            pixel = tf.cast(tf.range(shape[axis + 1]), tf.float32)
            return (pixel >= low[:, axis, None]) & (pixel < high[:, axis, None])

        # A mask of the pictures' own shape: broadcasting over the channels takes several times as long.
        columns = tf.reshape(tf.repeat(within(1), shape[3], axis=1), [-1, 1, shape[2], shape[3]])
        box = within(0)[:, :, None, None] & columns
        kept = 1 - tf.reduce_prod(high - low, axis=1) / tf.reduce_prod(sides)
        return tf.where(box, partners, inputs), kept
