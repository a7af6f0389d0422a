"""The Keras 3 layer around a module: it really has the variables, and really trains them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfrun.backbone.hub import Hub
from tfrun.config.problems import RunError

PICTURES = np.random.default_rng(0).random((4, 32, 32, 3)).astype("float32")


def built(path, shape=(32, 32, 3), **keys):
    return Hub(handle=str(path), **keys).build(shape)


def test_the_layer_gives_what_the_module_gives(module):
    layer, facts = built(module)
    np.testing.assert_allclose(layer(PICTURES), tf.saved_model.load(str(module))(PICTURES), atol=1e-6)
    assert facts.parameters == layer.count_params() == 3 * 3 * 3 * 8 + 4 * 8
    assert facts.notes["fine_tunable"] and len(facts.sha256) == 64


def test_all_variables_are_the_layers_and_trainable_can_be_switched(module):
    layer, _ = built(module)
    assert (len(layer.variables), len(layer.trainable_variables)) == (5, 0)
    layer.trainable = True
    assert len(layer.trainable_variables) == 3 and len(layer.penalties()) == 1


def test_a_gradient_step_changes_the_modules_own_weights(module):
    """A layer that only keeps the loaded object would train nothing, silently."""
    import keras

    layer, _ = built(module)
    layer.trainable = True
    before = layer(PICTURES).numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(PICTURES, training=False) ** 2)
    variables = layer.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    assert all(gradient is not None for gradient in gradients)
    keras.optimizers.SGD(0.1).apply(gradients, variables)
    assert np.abs(layer(PICTURES).numpy() - before).max() > 1e-4


def test_statistics_move_only_in_training_mode(module):
    layer, _ = built(module)
    layer.trainable = True
    statistics = [variable for variable in layer.variables if "moving" in variable.name]
    assert len(statistics) == 2
    before = [variable.numpy() for variable in statistics]
    layer(PICTURES, training=False)
    assert all((variable.numpy() == old).all() for variable, old in zip(statistics, before, strict=True))
    layer(PICTURES, training=True)
    assert any((variable.numpy() != old).any() for variable, old in zip(statistics, before, strict=True))


def test_a_frozen_layer_stays_as_it_is_in_training_mode(module):
    layer, _ = built(module)
    before = [variable.numpy() for variable in layer.variables]
    layer(PICTURES, training=True)
    assert all((variable.numpy() == old).all() for variable, old in zip(layer.variables, before, strict=True))


def test_value_range_stretches_the_input(module):
    plain, _ = built(module)
    stretched, _ = built(module, value_range=(-1, 1))
    np.testing.assert_allclose(stretched(PICTURES), plain(PICTURES * 2 - 1), atol=1e-6)


def test_a_signature_only_module_is_called_by_its_one_output(signature_only):
    layer, facts = built(signature_only, output_key="embedding")
    assert layer(PICTURES).shape == (4, 16) and not facts.notes["fine_tunable"]


def test_several_outputs_have_to_be_chosen_from(signature_only):
    with pytest.raises(RunError, match="backbone.output_key = null: the module has the outputs embedding, size"):
        built(signature_only)


def test_a_size_that_the_module_refuses_is_one_line(signature_only):
    with pytest.raises(RunError, match=r"transform.image_size = \[64, 64\]") as caught:
        built(signature_only, (64, 64, 3), output_key="embedding")
    assert "\n" not in str(caught.value)


def test_an_unknown_signature_names_those_there_are(signature_only):
    with pytest.raises(RunError, match="has the signatures: serving_default"):
        built(signature_only, signature="features")


def test_a_module_for_text_is_refused_as_a_backbone_of_pictures():
    with pytest.raises(RunError, match="takes texts, and the transform gives numbers"):
        built("sample:glove_50d")


def test_look_up_tables_of_a_module_are_kept_for_the_export():
    from tfrun.backbone.handles import resolve
    from tfrun.backbone.layer import HubLayer

    layer = HubLayer(str(resolve("sample:glove_50d")))
    assert layer.resources and layer.fine_tunable
    king, queen, car = layer(tf.constant(["king", "queen", "car"])).numpy()
    assert king @ queen > king @ car


@pytest.mark.parametrize("wrong", [{"value_range": (1, 0)}, {"image_size": -1}, {"handel": "x"}])
def test_wrong_values_are_refused(module, wrong):
    with pytest.raises(ValueError):
        Hub(**{"handle": str(module), **wrong})


def test_a_plain_module_with_only_a_call_is_tracked_trained_and_exported(tmp_path):
    """tf.Module does not keep its list of variables when it is saved: what it tracks has to be looked for."""

    class Plain(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.random.stateless_normal([3, 8], [1, 2]), name="kernel")
            self.count = tf.Variable(0.0, trainable=False, name="count")

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
        def __call__(self, images):
            return tf.reduce_mean(images, [1, 2]) @ self.kernel + self.count

    tf.saved_model.save(Plain(), str(tmp_path / "plain"))
    layer, facts = built(tmp_path / "plain")
    assert facts.parameters == 25 and facts.notes["fine_tunable"]
    layer.trainable = True
    assert [variable.shape for variable in layer.trainable_variables] == [(3, 8)]


def test_a_fixed_size_of_a_modules_call_is_told(tmp_path):
    class Fixed(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 64, 64, 3], tf.float32)])
        def __call__(self, images):
            return tf.reduce_mean(images, [1, 2])

    tf.saved_model.save(Fixed(), str(tmp_path / "fixed"))
    with pytest.raises(RunError, match=r"set transform.image_size=\[64,64\]"):
        built(tmp_path / "fixed")


def test_a_module_for_text_gives_features_of_strings_of_any_kind():
    from tfrun.backbone.layer import compiled

    layer, facts = Hub(handle="sample:glove_50d").build(())
    function = compiled(layer, (), "string")
    rows = tf.constant(["good film", "", "Good   FILM", "ünknown 音楽", "good"])
    features = function(rows).numpy()
    assert features.shape == (5, 50) and np.isfinite(features).all() and facts.notes["fine_tunable"]
    assert (features[0] == features[2]).all() and (features[0] != features[4]).any() and not features[1].any()
    alone = np.concatenate([function(row[None]).numpy() for row in rows])
    np.testing.assert_allclose(features, alone, atol=1e-6)


def test_a_module_for_pictures_is_refused_as_a_backbone_of_texts(module):
    with pytest.raises(RunError, match="takes numbers, and the transform gives texts; choose a module"):
        Hub(handle=str(module)).build(())
