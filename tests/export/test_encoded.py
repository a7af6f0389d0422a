"""The signatures that take files and tf.Examples as they are, and the one that gives features."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.dataset.test_csv import table, write
from tfrun import load
from tfrun.export import module
from tfrun.model import build


@pytest.fixture(scope="module")
def signatures(ready):
    return tf.saved_model.load(str(ready.source.saved_model)).signatures


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP"])
def test_encoded_pictures_of_many_sizes_are_answered_as_their_pixels(ready, signatures, kind):
    pictures = [next(ready.held.split.inputs())["image"], np.full((50, 31, 3), 200, np.uint8)]
    pictures[1][:20] = (10, 80, 30)
    files = [encoded(picture, kind) for picture in pictures]
    got = signatures["serving_bytes"](bytes=tf.constant(files))["probabilities"].numpy()
    for picture, answer in zip(pictures, got, strict=True):
        seen = np.asarray(Image.open(io.BytesIO(encoded(picture, kind))).convert("RGB"))  # GIF has 256 colours
        want = signatures["serving_default"](image=tf.constant(seen[None]))["probabilities"][0]
        np.testing.assert_allclose(answer, want, atol=1e-6)


def test_a_picture_on_its_side_is_turned_as_in_training(signatures):
    from PIL import ImageOps

    tag = Image.Exif()
    tag[274] = 6
    ramp = np.tile(np.linspace(0, 255, 48, dtype=np.uint8)[:, None, None], (1, 32, 3))
    file = encoded(ramp, "PNG", exif=tag)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB"))
    got = signatures["serving_bytes"](bytes=tf.constant([file]))["probabilities"]
    np.testing.assert_allclose(got, signatures["serving_default"](image=tf.constant(upright[None]))["probabilities"], atol=1e-6)


def test_features_are_those_of_the_backbone(ready, signatures):
    split = ready.held.split.first(5)
    raw = np.stack([row["image"] for row in split.inputs()])
    got = signatures["features"](image=tf.constant(raw))["features"]
    np.testing.assert_allclose(got, ready.model.asked(split, np.arange(len(split)))[1], atol=1e-6)
    (told,) = ready.source.contract["signatures"]["features"]["outputs"]
    assert told["shape"] == [None, *got.shape[1:]] and told["dtype"] == got.dtype.name


def encoded(picture: np.ndarray, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **({"lossless": True} if kind == "WEBP" else {}), **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def of_a_table(tmp_path_factory):
    """(model, test rows, signatures) of a table with numbers, words, times and a text, some of them missing."""
    folder = tmp_path_factory.mktemp("table")
    rows = [",,,,a", "3.5,red,,another note of other words,b", ",blue,2024-02-01T18:30:01Z,,a"] * 20
    write(folder, table(*rows).replace("size,colour", "the size (cm),class").replace(",aa\n", ",a\n"), "own.csv")
    experiment = load(["name=own", "dataset=csv", f"dataset.file={folder / 'own.csv'}", "transform=table", "backbone=none"])
    data = experiment.dataset.open()
    model = build(experiment, data, tf.distribute.OneDeviceStrategy("/CPU:0"))
    module.save(model, folder / "saved")
    return model, data.splits["test"], tf.saved_model.load(str(folder / "saved")).signatures


def test_examples_are_answered_as_the_raw_columns(of_a_table):
    model, split, signatures = of_a_table
    examples = [example(row, model.inputs).SerializeToString() for row in split.inputs()]
    got = signatures["serving_bytes"](examples=tf.constant(examples))["probabilities"]
    np.testing.assert_allclose(got, model.predict(split), atol=1e-6)


def example(row: dict, inputs) -> tf.train.Example:
    """By the names of the data; what is missing is left out."""
    built = tf.train.Example()
    for spec in inputs:
        value, feature = row[spec.name], built.features.feature
        if spec.dtype == "string" and value:
            feature[spec.column or spec.name].bytes_list.value.append(value)
        elif spec.dtype != "string" and not np.isnan(value):
            stored = feature[spec.column or spec.name]
            if spec.kind == "time":
                stored.int64_list.value.append(int(value))
            else:
                stored.float_list.value.append(value)
    return built
