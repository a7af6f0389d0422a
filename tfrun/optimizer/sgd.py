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

    @property
    def slots(self):
        return ("momentum",) if self.momentum else ()

    def update(self, variable, slots, gradient, rate, count):
        import tensorflow as tf

        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle, accum=slots[0].handle, lr=rate, grad=gradient, momentum=self.momentum,
            use_nesterov=self.nesterov,
        )  # fmt: skip
