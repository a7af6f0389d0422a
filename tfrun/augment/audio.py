"""Augmentation of sounds: louder or softer, earlier or later, with noise."""

from __future__ import annotations

from tfrun.augment import Augment
from tfrun.component import setting
from tfrun.config.problems import Problem


class AudioAugment(Augment):
    """Changes loudness, moves in time and adds white noise. Stateless: the same seed gives the same sound."""

    gain: float = setting(6.0, "largest change of loudness, up or down", unit="dB", ge=0, le=60)
    shift: float = setting(0.1, "largest move in time, either way; silence comes in", unit="share of the length", ge=0, lt=1)
    noise: float | None = setting(
        20.0, "loudest white noise, below the sound's own loudness; down to 30 dB less; null: none", unit="dB", ge=-20, le=100
    )

    @property
    def changes_inputs(self) -> bool:
        return bool(self.gain or self.shift or self.noise is not None)

    def problem(self, kind):
        if kind == "audio":
            return None
        return Problem("augment", f"changes sounds, and the data are of kind {kind}", "use augment=none", "audio")

    def change(self, raw, seed):
        """raw: {name: float32 [batch, samples] in [-1, 1]}; seed: int32 [2]."""
        import tensorflow as tf

        ((name, sound),) = raw.items()
        if not self.changes_inputs:
            return raw
        rows, samples = tf.unstack(tf.shape(sound))
        draws = tf.random.stateless_uniform([3, rows, 1], seed)
        if self.shift:
            sound = self._moved(sound, draws[0, :, 0], samples)
        if self.noise is not None:
            white = tf.random.stateless_normal([rows, samples], tf.random.experimental.stateless_fold_in(seed, 3))
            loudness = tf.sqrt(tf.reduce_mean(tf.square(sound), axis=1, keepdims=True))
            sound += white * loudness * _ratio(-(self.noise + 30 * draws[1]))
        return {name: tf.clip_by_value(sound * _ratio(self.gain * (2 * draws[2] - 1)), -1.0, 1.0)}

    def _moved(self, sound, draws, samples):
        import tensorflow as tf

        by = tf.cast(tf.round(self.shift * (2 * draws - 1) * tf.cast(samples, tf.float32)), tf.int32)
        source = tf.range(samples)[None] - by[:, None]
        inside = (source >= 0) & (source < samples)
        moved = tf.gather(sound, tf.clip_by_value(source, 0, tf.maximum(samples - 1, 0)), axis=1, batch_dims=1)
        return tf.where(inside, moved, 0.0)


def _ratio(decibels):
    """Of amplitudes."""
    return 10.0 ** (decibels / 20)
