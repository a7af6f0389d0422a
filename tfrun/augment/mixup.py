"""Mixup: the weighted mean of two rows, and of their losses (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018)."""

from __future__ import annotations

from tfrun.augment.mixing import Mixing


class Mixup(Mixing):
    """Light, then each row is the weighted mean of itself and another training row. Works on features too."""

    def mix(self, inputs, partners, share, seed):
        """inputs, partners: float32 [batch, ...], pictures or features; share: float32 [batch]; seed is not used."""
        import tensorflow as tf

        weight = tf.reshape(share, [-1] + [1] * (len(inputs.shape) - 1))
        return weight * inputs + (1 - weight) * partners, share
