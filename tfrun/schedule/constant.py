"""One rate throughout."""

from tfrun.schedule import Schedule


class Constant(Schedule):
    """The optimizer's rate, after the warm-up."""

    def factor(self, step, total, steps):
        return 1.0
