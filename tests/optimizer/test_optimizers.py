import keras
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
