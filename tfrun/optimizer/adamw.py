"""Adam with decoupled weight decay (Loshchilov & Hutter, 2019)."""

from tfrun.component import setting
from tfrun.optimizer.adam import Adam


class AdamW(Adam):
    """Adam that also shrinks weights; for fine-tuning."""

    weight_decay: float = setting(0.004, "share of each weight taken away a step, times the learning rate", ge=0)

    def build(self, learning_rate):
        import keras

        return keras.optimizers.AdamW(learning_rate, self.weight_decay, self.beta_1, self.beta_2, self.epsilon)

    def update(self, variable, slots, gradient, rate, count):
        import tensorflow as tf

        value = tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=gradient.dtype)
        shrink = tf.raw_ops.AssignSubVariableOp(resource=variable.handle, value=value * (rate * self.weight_decay))
        with tf.control_dependencies([shrink] if shrink is not None else []):
            super().update(variable, slots, gradient, rate, count)
