"""Held-out pictures that look otherwise than the training ones are noticed, others are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfrun import load
from tfrun.checks import Checks
from tfrun.evaluation.shift import shift
from tfrun.model import build


def every(model, split) -> np.ndarray:
    """Features of all rows."""
    return model.asked(split, np.arange(len(split)))[1]


@pytest.fixture(scope="module")
def built(fashion, module, tmp_path_factory):
    experiment = load(["+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32"])
    data = fashion.limited(200)
    store = experiment.features.model_copy(update={"folder": tmp_path_factory.mktemp("store")})
    experiment = experiment.model_copy(update={"features": store})
    return build(experiment, data, experiment.strategy.build()), data


def test_rows_of_the_same_source_look_alike(built):
    model, data = built
    assert not list(shift(model, data, {name: every(model, data.splits[name]) for name in ("validation", "test")}, Checks()))


def test_pictures_of_another_camera_are_noticed(built):
    model, data = built
    test = data.splits["test"]

    def darker(row):
        return {"image": tf.cast(tf.cast(test.read(row)["image"], tf.float32) * 0.4, tf.uint8)}

    (warning,) = shift(model, data, {"test": every(model, replace(test, read=darker))}, Checks())
    assert warning.split == "test" and warning.severity == "warning" and warning.figure < 0.001
    assert "is distributed otherwise than in train" in warning.text


def test_a_trained_backbone_tells_nothing(built):
    model, data = built
    weight = model.backbone.trainable_variables or model.backbone.variables
    before = weight[0].numpy()
    weight[0].assign(before + 0.1)
    try:
        assert not list(shift(model, data, {"test": every(model, data.splits["test"]) + 5}, Checks()))
    finally:
        weight[0].assign(before)
