"""Adam (Kingma & Ba, 2015)."""

from tfrun.component import setting
from tfrun.optimizer import Optimizer, power


class Adam(Optimizer):
    """A good first choice for heads."""

    beta_1: float = setting(0.9, "decay of the mean of gradients", ge=0, lt=1)
    beta_2: float = setting(0.999, "decay of the mean of squared gradients", ge=0, lt=1)
    epsilon: float = setting(1e-7, "keeps the division finite", gt=0)

    def build(self, learning_rate):
        import keras

        return keras.optimizers.Adam(learning_rate, self.beta_1, self.beta_2, self.epsilon)

    @property
    def slots(self):
        return ("mean", "square")

    def update(self, variable, slots, gradient, rate, count):
        import tensorflow as tf

        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=slots[0].handle, v=slots[1].handle, beta1_power=power(self.beta_1, count),
            beta2_power=power(self.beta_2, count), lr=rate, beta1=self.beta_1, beta2=self.beta_2, epsilon=self.epsilon,
            grad=gradient,
        )  # fmt: skip
