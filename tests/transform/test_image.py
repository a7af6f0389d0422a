import numpy as np
import pytest
import tensorflow as tf

from tfrun.backbone.none import NoBackbone
from tfrun.transform.auto import Auto
from tfrun.transform.image import Image


def test_pixels_of_any_size_become_one_size_between_0_and_1(fashion):
    transform = Image(image_size=[20, 40]).build(fashion, NoBackbone())
    for height, width in ((28, 28), (7, 90)):
        out = transform({"image": tf.random.uniform([2, height, width, 3], 0, 256, tf.int32, seed=1)})
        assert out.shape == (2, 20, 40, 3) and out.dtype == tf.float32
        assert float(tf.reduce_min(out)) >= 0 and float(tf.reduce_max(out)) <= 1
    assert transform.output_shape == (20, 40, 3)


def test_one_picture_gives_the_same_alone_and_in_a_batch(fashion):
    transform = Auto(image_size=96).build(fashion, NoBackbone())
    rows = np.stack([row["image"] for row in fashion.splits["test"].first(8).inputs()])
    together = transform({"image": rows}).numpy()
    alone = np.concatenate([transform({"image": row[None]}).numpy() for row in rows])
    assert (together == alone).all()


def test_the_size_defaults_to_the_backbones(fashion):
    assert Auto().build(fashion, NoBackbone()).output_shape == (32, 32, 3)


@pytest.mark.parametrize("size", [0, -3, [96], "big", [1, 5000], True])
def test_sizes_without_sense_are_refused(size):
    with pytest.raises(ValueError):
        Image(image_size=size)
