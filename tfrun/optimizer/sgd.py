"""Stochastic gradient descent."""

from tfrun.component import setting
from tfrun.optimizer import Optimizer


class Sgd(Optimizer):
    """SGD with momentum."""

    learning_rate: float = setting(0.01, "highest learning rate; the schedule scales it", gt=0)
    momentum: float = setting(0.9, "share of the last step kept", ge=0, lt=1)
    nesterov: bool = setting(False, "look ahead (Nesterov, 1983)")

    def build(self, learning_rate):
        import keras

        return keras.optimizers.SGD(learning_rate, self.momentum, self.nesterov)
