import keras
import numpy as np
import pytest

from tfrun.optimizer.adam import Adam
from tfrun.optimizer.adamw import AdamW
from tfrun.optimizer.rmsprop import RmsProp
from tfrun.optimizer.sgd import Sgd


@pytest.mark.parametrize(
    ("option", "keys", "theirs"),
    [
        (Adam(learning_rate=0.5, beta_1=0.8), {"learning_rate": 0.5, "beta_1": 0.8, "epsilon": 1e-7}, keras.optimizers.Adam),
        (AdamW(weight_decay=0.1), {"learning_rate": 1e-3, "weight_decay": 0.1}, keras.optimizers.AdamW),
        (Sgd(nesterov=True), {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True}, keras.optimizers.SGD),
        (RmsProp(rho=0.7), {"learning_rate": 1e-3, "rho": 0.7}, keras.optimizers.RMSprop),
    ],
)
def test_keys_reach_the_keras_optimizer(option, keys, theirs):
    built = option.build(option.learning_rate)
    config = built.get_config()
    assert type(built) is theirs
    assert {key: pytest.approx(config[key]) if isinstance(value, float) else config[key] for key, value in keys.items()} == keys


@pytest.mark.parametrize("wrong", [{"learning_rate": 0}, {"learning_rate": -1}, {"beta_1": 1.0}, {"momentum": 0.9}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValueError):
        Adam(**wrong)


@pytest.mark.parametrize(
    "option",
    [Adam(), AdamW(weight_decay=0.1), Sgd(), Sgd(nesterov=True), Sgd(momentum=0), RmsProp(), RmsProp(momentum=0.5)],
    ids=lambda option: f"{type(option).__name__}-{getattr(option, 'momentum', '')}-{getattr(option, 'nesterov', '')}",
)
@pytest.mark.parametrize("xla", [False, True])
def test_the_fused_update_does_what_keras_does(option, xla):
    import tensorflow as tf

    start = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    ours, theirs = tf.Variable(start), keras.Variable(start)
    slots = [tf.Variable(tf.zeros((5, 3))) for _ in option.slots]
    optimizer = option.build(0.01)
    optimizer.build([theirs])

    @tf.function(jit_compile=xla)
    def update(gradient, count):
        option.update(ours, slots, gradient, tf.constant(0.01), count)

    for number in range(20):
        gradient = tf.constant(np.random.default_rng(number).normal(size=(5, 3)), tf.float32)
        update(gradient, tf.constant(number + 1.0))
        optimizer.apply([gradient], [theirs])
    assert option.fused and np.abs(start - ours.numpy()).max() > 0.01
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-6)
