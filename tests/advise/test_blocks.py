"""The pull at each block of a real backbone: named, normed, measured without changing a weight."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfrun import load
from tfrun.advise.advice import Advice
from tfrun.advise.blocks import Block, _gradients, _last_layer, block_of, blocks, still
from tfrun.advise.embedded import embedded
from tfrun.model import build
from tfrun.training.groups import named


@pytest.fixture(scope="module")
def ready():
    """EfficientNet-Lite0 and 60 rows of each split at 32 pixels."""
    experiment = load(["+experiment=quickstart", "transform.image_size=32", "features.keep=false"])
    data = experiment.dataset.open().limited(60)
    model = build(experiment, data, tf.distribute.get_strategy())
    return model, data, embedded("new", model, data, 60)


def test_each_block_has_a_pull_and_no_weight_changes(ready):
    model, data, own = ready
    before = model.weights_sha256()
    found = blocks(model, data, own)
    assert [block.name for block in found] == ["stem", *(f"block{number}" for number in range(16)), "head"]
    model.unfreeze(True)
    assert sum(block.parameters for block in found) == sum(int(np.prod(v.shape)) for v in model.backbone.trainable_variables)
    model.unfreeze(False)
    assert max(block.pull for block in found) == 1 and min(block.pull for block in found) > 0
    assert model.weights_sha256() == before and not model.backbone.trainable_variables


LOSSES = {
    "classification": tf.nn.sparse_softmax_cross_entropy_with_logits,
    "multilabel": lambda labels, given: tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), given), axis=1
    ),
    "regression": lambda labels, given: (labels - given[:, 0]) ** 2,
}


def labels_of(task: str, classes: np.ndarray) -> np.ndarray:
    several = np.stack([classes % 2, classes < 5], axis=1).astype(np.uint8)
    return {"classification": classes, "multilabel": several, "regression": 100 + 3 * classes.astype(np.float32)}[task]


@pytest.mark.parametrize(("task", "outputs"), [("classification", 10), ("multilabel", 2), ("regression", 1)])
def test_the_gradient_is_that_of_the_loss(ready, task, outputs):
    model, data, own = ready
    kernel, bias = _last_layer(own.features, labels_of(task, own.labels), outputs)
    split = replace(data.splits["train"], labels=labels_of(task, data.splits["train"].labels))
    model.unfreeze(True)
    variable = next(v.value for v in model.backbone.trainable_variables if "block15_project_conv_kernel" in v.path)
    (gradient,) = _gradients(model, split, [variable], kernel, bias)
    model.unfreeze(False)

    def loss() -> float:
        inputs = np.stack([row["image"] for row in split.inputs()])
        features = model.backbone(model.transform({"image": tf.constant(inputs)}), training=False)
        return float(tf.reduce_mean(LOSSES[task](split.labels, features @ kernel + bias)))

    step = 2e-6 / np.linalg.norm(gradient)
    variable.assign_add(step * gradient)
    above = loss()
    variable.assign_sub(2 * step * gradient)
    below = loss()
    variable.assign_add(step * gradient)
    assert (above - below) / 2 == pytest.approx(step * np.sum(gradient**2), rel=0.1)


def test_two_classes_have_a_layer_that_answers_as_the_regression():
    generator = np.random.default_rng(0)
    features, labels = generator.normal(2, 3, (200, 5)).astype(np.float32), generator.integers(0, 2, 200)
    features[:, 1] += 4 * labels
    kernel, bias = _last_layer(features, labels, 2)
    answers = tf.nn.softmax(features @ kernel + bias).numpy()
    assert (answers.argmax(axis=1) == labels).mean() > 0.7 and kernel.shape == (5, 2)


def test_what_is_not_pulled_at_is_a_group_that_stays_still(ready):
    found = [Block("stem", 9, 0.02), Block("block1", 9, 0.5), Block("block15", 9, 1.0)]
    group = still(found)
    fits = [name for name in named(ready[0], with_backbone=True) if re.search(group["pattern"], name)]
    assert {block_of(name.removeprefix("backbone/")) for name in fits} == {"stem"} and group["learning_rate"] == 0
    assert still(found[1:]) is None
    advice = Advice(["training=finetune"], "x").with_blocks(found)
    assert advice.reasons == ["the rows pull at 2 of the backbone's 3 blocks: block1, block15"]
