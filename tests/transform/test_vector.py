import numpy as np
import pytest

from tfrun.backbone.none import NoBackbone
from tfrun.config.problems import RunError
from tfrun.dataset.arrays import Arrays
from tfrun.transform.auto import Auto
from tfrun.transform.vector import Vector


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "data.npz"
    values = np.random.default_rng(0).normal([1000, -3, 0], [1, 5, 1e-3], (300, 3))
    np.savez(path, inputs=np.column_stack([values, np.full(300, 7)]), labels=np.arange(300) % 3)
    return Arrays(path=path).open()


def rows(split):
    return np.stack([row["values"] for row in split.inputs()])


def test_numbers_go_through_as_they_are(vectors):
    transform = Auto().build(vectors, NoBackbone())
    given = rows(vectors.splits["test"])
    assert transform.output_shape == (4,) and (transform({"values": given}).numpy() == given).all()


def test_standardised_by_the_training_rows_only(vectors):
    transform = Vector(standardise=True).build(vectors, NoBackbone())
    out = transform({"values": rows(vectors.splits["train"])}).numpy()
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(out[:, :3].std(axis=0), 1, atol=1e-3)
    assert (out[:, 3] == 0).all(), "a column of one value is no division by zero"
    held_out = transform({"values": rows(vectors.splits["test"])}).numpy()
    assert np.abs(held_out.mean(axis=0)[:3]).max() > 1e-3


def test_pictures_are_no_vectors(fashion):
    with pytest.raises(RunError, match="takes one vector of numbers a row, and these data have image"):
        Vector().build(fashion, NoBackbone())
