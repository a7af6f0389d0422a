"""What is wrong with the rows or the weights is told in one line, and nothing is lost."""

from __future__ import annotations

import pytest
import tensorflow as tf

from tfrun import RunError
from tfrun.backbone.hub import Hub
from tfrun.optimizer.sgd import Sgd
from tfrun.training.checkpoint import Checkpoints
from tfrun.training.frozen import Frozen


@pytest.fixture(scope="module")
def dividing(tmp_path_factory):
    """A module that divides by the darkest pixel: pictures with a black one have no features that are numbers."""

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.float32)])
        def __call__(self, images):
            return tf.reduce_mean(images, [1, 2]) / tf.reduce_min(images, [1, 2])

    saved = tmp_path_factory.mktemp("module") / "dividing"
    tf.saved_model.save(Module(), str(saved))
    return Hub(handle=str(saved))


def test_inputs_that_are_no_numbers_are_named(training, dividing):
    with pytest.raises(RunError, match=r"dataset: the loss is not finite at step 0, nor are the inputs of \w+/\w+.png, "):
        training(backbone=dividing, training=Frozen(epochs=1))


def test_a_rate_that_is_too_high_is_named_with_the_step_and_the_good_state_stays(training, tmp_path):
    rule = r"optimizer.learning_rate = 1e\+38: the loss is not finite at step [1-9]\d*; lower it, add schedule.warmup"
    with pytest.raises(RunError, match=rule):
        training("a", training=Frozen(epochs=3), optimizer=Sgd(learning_rate=1e38))
    assert Checkpoints(tmp_path / "a/checkpoints", 2, print).newest().facts["step"] == 0


def test_a_batch_larger_than_the_split_is_one_line(training):
    with pytest.raises(
        RunError, match=r"training.batch_size = 200: is more than the 128 rows of the training split; use 128 at most"
    ):
        training(training=Frozen(batch_size=200))
