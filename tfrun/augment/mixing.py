"""What mixup and cutmix share: how much of itself an example keeps when it is blended with another row."""

from __future__ import annotations

from tfrun.augment.light import Light
from tfrun.component import setting


class Mixing(Light):
    """`light`, and then each example blended with another row of the training split."""

    # Gamma draws of a smaller shape than 0.05 can underflow to 0, and 0 / 0 is no share.
    alpha: float = setting(0.2, "both shapes of the Beta distribution of the shares", ge=0.05, le=100)
    probability: float = setting(1.0, "probability that an example is blended", gt=0, le=1)

    @property
    def mixes(self) -> bool:
        return True

    def shares(self, rows: int, seed: int, number):
        """float32 [rows] of pass `number`: Beta(alpha, alpha), as the share of one Gamma(alpha) draw in the sum of two."""
        import tensorflow as tf

        words = tf.stack([tf.constant(seed, tf.int64), tf.cast(number, tf.int64)])
        drawn, chosen = (tf.random.experimental.stateless_fold_in(words, which) for which in (1, 2))
        gamma = tf.random.stateless_gamma([2, rows], drawn, alpha=tf.constant(self.alpha, tf.float64), dtype=tf.float64)
        share = tf.cast(gamma[0] / (gamma[0] + gamma[1]), tf.float32)
        chance = tf.random.stateless_uniform([rows], chosen)
        return tf.where(chance < self.probability, share, 1.0)
