"""Step decay."""

from tfrun.component import setting
from tfrun.duration import Duration
from tfrun.schedule import Schedule


class Step(Schedule):
    """Multiplies the rate by `by` after each `every`."""

    every: Duration = setting("30 %", "time between falls", unit="steps, epochs, examples or %")
    by: float = setting(0.1, "what the rate is multiplied by at each fall", gt=0, lt=1)

    def factor(self, step, total, steps):
        import tensorflow as tf

        return tf.pow(self.by, tf.floor(step / max(steps(self.every), 1)))
