"""The batch of step s is a function of (seed, s) alone: wherever the stream starts, however many replicas share it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tfrun.augment.cutmix import CutMix
from tfrun.augment.light import Light
from tfrun.augment.mixup import Mixup
from tfrun.augment.none import NoAugment
from tfrun.training.order import order
from tfrun.training.stream import feature_batches, input_batches

MODEL = SimpleNamespace(transform=lambda raw: tf.ensure_shape(tf.cast(raw["image"], tf.float32) / 255.0, [1, 28, 28, 3]))
AUGMENTS = [NoAugment(), Light(), Mixup(), CutMix(probability=0.5)]


@pytest.fixture(scope="module")
def split(fashion):
    return fashion.splits["train"].first(22)


def take(dataset, count):
    """The parts of `count` batches, each put together."""
    batches = list(dataset.take(count).as_numpy_iterator())
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def stream(split, augment, **options):
    return input_batches(MODEL, split, augment, batch_size=8, seed=3, **options)


@pytest.mark.parametrize("augment", AUGMENTS, ids=lambda augment: type(augment).__name__)
def test_from_any_step_it_is_the_tail_of_the_whole(split, augment):
    whole = take(stream(split, augment), 7)
    for first in (1, 4):
        tail = take(stream(split, augment, first_step=first), 7 - first)
        assert all((later == all_[first * 8 :]).all() for later, all_ in zip(tail, whole, strict=True))


@pytest.mark.parametrize("augment", AUGMENTS, ids=lambda augment: type(augment).__name__)
@pytest.mark.parametrize(("replicas", "pipelines"), [(2, 1), (4, 2), (2, 2), (8, 4)])
def test_replicas_and_pipelines_share_the_same_batches(split, augment, replicas, pipelines):
    single, rows, each = take(stream(split, augment, first_step=2), 3), 8 // replicas, replicas // pipelines
    parts = [
        take(stream(split, augment, first_step=2, replicas=replicas, pipelines=pipelines, pipeline=w), 3 * each)
        for w in range(pipelines)
    ]
    for column, expected in enumerate(single):
        shaped = [part[column].reshape(3, each * rows, *expected.shape[1:]) for part in parts]
        assert (np.concatenate(shaped, axis=1).reshape(expected.shape) == expected).all()


def test_each_batch_is_one_replica_s(split):
    inputs, labels, weights = next(iter(stream(split, NoAugment(), replicas=4)))
    assert inputs.shape == (2, 28, 28, 3) and (labels.dtype, weights.dtype) == (tf.int32, tf.float32)


@pytest.mark.parametrize(("replicas", "pipelines", "pipeline"), [(3, 1, 0), (2, 4, 0), (2, 2, 2)])
def test_what_does_not_divide_is_refused(split, replicas, pipelines, pipeline):
    with pytest.raises(ValueError, match="batch of 8"):
        stream(split, NoAugment(), replicas=replicas, pipelines=pipelines, pipeline=pipeline)


def test_rows_come_in_the_host_s_order_with_their_labels_and_weights(split):
    weights = np.arange(22, dtype="float32")
    inputs, labels, weighed = take(stream(split, NoAugment(), weights=weights, first_step=1), 6)
    expected = order(22, 3, 8, 48)
    pixels = np.stack([row["image"] for row in split.inputs()]).astype("float32") / 255
    assert (weighed == expected).all() and (labels == split.labels[expected]).all()
    np.testing.assert_allclose(inputs, pixels[expected], atol=1e-6)


def test_one_example_is_changed_in_another_way_in_each_pass(split):
    inputs, _, weights = take(stream(split, Light(), weights=np.arange(22)), 11)
    first, second, third, fourth = inputs[weights == 5]
    assert (first != second).any() and (second != third).any() and (third != fourth).any()


class Store:
    """Features somewhere else, of which rows are asked for."""

    def __init__(self, features):
        self.features = features

    def gather(self, positions):
        return self.features[positions]


@pytest.mark.parametrize("kept", [np.asarray, Store], ids=["array", "store"])
@pytest.mark.parametrize("augment", [None, Mixup()], ids=["plain", "mixup"])
def test_features_follow_the_same_order(kept, augment):
    features, labels = np.random.default_rng(0).normal(size=(10, 3)).astype("float32"), np.arange(10, dtype="int32")
    options = {"batch_size": 4, "seed": 1, "augment": augment, "weights": labels / 2}
    whole = take(feature_batches(kept(features), labels, **options), 6)
    parts = [
        take(feature_batches(kept(features), labels, **options, first_step=1, replicas=2, pipelines=2, pipeline=w), 5)
        for w in (0, 1)
    ]
    assert whole[0].shape == (24, 3) and (whole[1] == order(10, 1, 0, 24)).all()
    if augment is None:
        assert (whole[0] == features[whole[1]]).all() and (whole[2] == whole[1] / 2).all()
    for column, expected in enumerate(whole):
        shaped = [part[column].reshape(5, 2, *expected.shape[1:]) for part in parts]
        assert (np.concatenate(shaped, axis=1).reshape(-1, *expected.shape[1:]) == expected[4:]).all()


def test_mixing_weights_and_labels_are_those_of_both_rows():
    features, labels = np.eye(10, dtype="float32"), np.arange(10, dtype="int32")
    dataset = feature_batches(features, labels, 5, seed=2, augment=Mixup(alpha=1.0), weights=labels.astype("float32"))
    inputs, own, weights, others, share = take(dataset, 8)
    expected = share[:, None] * features[own] + (1 - share)[:, None] * features[others]
    np.testing.assert_allclose(inputs, expected, atol=1e-6)
    np.testing.assert_allclose(weights, share * own + (1 - share) * others, rtol=1e-5)
