"""Adam with decoupled weight decay (Loshchilov & Hutter, 2019)."""

from tfrun.component import setting
from tfrun.optimizer import Optimizer


class AdamW(Optimizer):
    """Adam that also shrinks weights; for fine-tuning."""

    weight_decay: float = setting(0.004, "share of each weight taken away a step, times the learning rate", ge=0)
    beta_1: float = setting(0.9, "decay of the mean of gradients", ge=0, lt=1)
    beta_2: float = setting(0.999, "decay of the mean of squared gradients", ge=0, lt=1)
    epsilon: float = setting(1e-7, "keeps the division finite", gt=0)

    def build(self, learning_rate):
        import keras

        return keras.optimizers.AdamW(learning_rate, self.weight_decay, self.beta_1, self.beta_2, self.epsilon)
