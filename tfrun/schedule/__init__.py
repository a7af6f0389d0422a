"""Schedules: the learning rate as a function of the step."""

from __future__ import annotations

import math
from collections.abc import Callable

from tfrun.component import Component, setting
from tfrun.duration import Duration


class Schedule(Component):
    """Protocol of the group: `factor(step, total, steps)` is what the optimizer's learning rate is multiplied by."""

    warmup: Duration = setting(
        "0 steps", "the rate rises from 0 in a straight line at first", unit="steps, epochs, examples or %"
    )

    def factor(self, step, total: int, steps: Callable[[str], int]):
        """step: float32 scalar tensor from 0; total: steps of the phase; steps: a duration in steps. float32 in [0, 1]."""
        raise NotImplementedError

    def build(self, peak: float, total: int, steps: Callable[[str], int]):
        """A Keras schedule: int step -> float32 rate. peak: the highest rate."""
        import keras
        import tensorflow as tf

        rises = steps(self.warmup)
        rest = max(total - rises, 1)
        factor = self.factor

        class Rate(keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                step = tf.cast(step, tf.float32)
                after = tf.maximum(step - rises, 0.0)
                rate = peak * factor(after, rest, steps)
                return tf.where(step < rises, peak * (step + 1.0) / (rises + 1.0), rate)

            def get_config(self):
                return {"peak": peak, "total": total}

        return Rate()


def half_cosine(progress):
    """1 at progress 0, 0 at progress 1."""
    import tensorflow as tf

    return 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(progress, 0.0, 1.0)))
