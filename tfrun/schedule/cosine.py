"""Cosine decay (Loshchilov & Hutter, "SGDR", 2017)."""

from tfrun.component import setting
from tfrun.schedule import Schedule, half_cosine


class Cosine(Schedule):
    """Falls along half a cosine to `end` times the optimizer's rate at the last step."""

    end: float = setting(0.0, "rate at the last step", unit="share of the learning rate", ge=0, le=1)

    def factor(self, step, total, steps):
        return self.end + (1.0 - self.end) * half_cosine(step / total)
