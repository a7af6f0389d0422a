"""RMSprop (Tieleman & Hinton, 2012)."""

from tfrun.component import setting
from tfrun.optimizer import Optimizer


class RmsProp(Optimizer):
    """Divides each gradient by a running mean of its size."""

    rho: float = setting(0.9, "decay of the mean of squared gradients", ge=0, lt=1)
    momentum: float = setting(0.0, "share of the last step kept", ge=0, lt=1)

    def build(self, learning_rate):
        import keras

        return keras.optimizers.RMSprop(learning_rate, self.rho, self.momentum)
