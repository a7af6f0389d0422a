import numpy as np
import pytest

from tfrun.head.linear import Linear
from tfrun.head.mlp import Mlp


def test_linear_is_one_dense_layer_on_features():
    head = Linear().build((16,), 3, seed=0)
    assert head.count_params() == 16 * 3 + 3
    assert head(np.zeros((2, 16), "float32")).shape == (2, 3)


def test_feature_maps_are_averaged_over_height_and_width():
    head = Linear().build((4, 5, 8), 3, seed=0)
    maps = np.random.default_rng(0).normal(size=(2, 4, 5, 8)).astype("float32")
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(head(maps), maps.mean(axis=(1, 2)) @ kernel + bias, atol=1e-5)


def test_mlp_has_the_layers_asked_for():
    head = Mlp(units=[32, 8], dropout=0.5, batch_norm=True, activation="gelu").build((16,), 3, seed=0)
    assert [layer.units for layer in head.layers if hasattr(layer, "units")] == [32, 8, 3]
    rows = np.ones((4, 16), "float32")
    assert np.abs(head(rows, training=True) - head(rows, training=False)).max() > 0


def test_the_seed_fixes_the_first_weights():
    same, again, other = (Mlp().build((16,), 3, seed).get_weights()[0] for seed in (1, 1, 2))
    assert (same == again).all() and (same != other).any()


def test_l2_is_a_loss_of_the_head():
    head = Linear(l2=0.1).build((16,), 3, seed=0)
    assert float(head.losses[0]) == pytest.approx(0.1 * (head.get_weights()[0] ** 2).sum(), rel=1e-5)


@pytest.mark.parametrize("wrong", [{"units": [-1]}, {"dropout": 1.0}, {"activation": "relo"}, {"l2": -1}, {"width": 3}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValueError):
        Mlp(**wrong)


def test_dropout_drops_its_share_in_a_step_and_nothing_outside():
    import tensorflow as tf

    from tfrun.head.dropout import Dropout
    from tfrun.training.moment import Moment, at

    layer, ones = Dropout(0.3, seed=5), tf.ones([64, 500])
    with at(Moment(tf.constant(9), tf.constant(0), 64)):
        dropped = layer(ones, training=True).numpy()
    assert abs((dropped == 0).mean() - 0.3) < 0.01 and abs(dropped.mean() - 1) < 0.02
    assert np.abs((dropped == 0).mean(axis=0) - 0.3).max() < 0.25 and np.abs((dropped == 0).mean(axis=1) - 0.3).max() < 0.1
    with at(Moment(tf.constant(9), tf.constant(32), 64)):
        assert (layer(ones[32:], training=True).numpy() == dropped[32:]).all()
    with at(Moment(tf.constant(10), tf.constant(0), 64)):
        again = layer(ones, training=True).numpy()
    assert abs(((again == 0) == (dropped == 0)).mean() - (0.3**2 + 0.7**2)) < 0.02
    assert (layer(ones, training=False).numpy() == 1).all() and (layer(ones, training=True).numpy() == 1).all()


def test_conv_learns_from_maps_and_refuses_others():
    from tfrun.config.problems import RunError
    from tfrun.head.conv import Conv

    head = Conv(channels=[4, 8], l2=0.1).build((10, 7, 1), 3, seed=0)
    assert head(np.zeros((2, 10, 7, 1), "float32")).shape == (2, 3)
    assert [layer.filters for layer in head.layers if hasattr(layer, "filters")] == [4, 8] and len(head.losses) == 3
    same, again = (Conv().build((10, 7, 1), 3, seed=1).get_weights() for _ in range(2))
    assert all((one == two).all() for one, two in zip(same, again, strict=True))
    with pytest.raises(RunError, match="backbone.flatten=false"):
        Conv().build((70,), 3, seed=0)


@pytest.mark.parametrize("units, layers", [(0, [3]), (32, [32, 3]), ([], [3])])
def test_one_number_is_one_layer_and_0_is_none(units, layers):
    head = Mlp(units=units).build((16,), 3, seed=0)
    assert [layer.units for layer in head.layers if hasattr(layer, "units")] == layers
