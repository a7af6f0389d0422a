"""RMSprop (Tieleman & Hinton, 2012)."""

from tfrun.component import setting
from tfrun.optimizer import Optimizer


class RmsProp(Optimizer):
    """Divides each gradient by a running mean of its size."""

    rho: float = setting(0.9, "decay of the mean of squared gradients", ge=0, lt=1)
    momentum: float = setting(0.0, "share of the last step kept", ge=0, lt=1)
    epsilon: float = setting(1e-7, "keeps the division finite", gt=0)

    def build(self, learning_rate):
        import keras

        return keras.optimizers.RMSprop(learning_rate, self.rho, self.momentum, self.epsilon)

    @property
    def slots(self):
        return ("square", "momentum")

    def update(self, variable, slots, gradient, rate, count):
        import tensorflow as tf

        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle, ms=slots[0].handle, mom=slots[1].handle, lr=rate, rho=self.rho, momentum=self.momentum,
            epsilon=self.epsilon, grad=gradient,
        )  # fmt: skip
