import numpy as np

from tfrun.dataset.fashion import Fashion


def test_the_sample_has_ten_classes_and_stratified_splits(fashion):
    assert {name: len(split) for name, split in fashion.splits.items()} == {"train": 1300, "validation": 300, "test": 400}
    assert len(fashion.classes) == 10 and "ankle_boot" in fashion.classes
    assert (np.bincount(fashion.splits["test"].labels) == 40).all()
    assert fashion.licence == "MIT"


def test_inputs_are_rgb_pixels_and_belong_to_their_labels(fashion):
    test = fashion.splits["test"]
    rows = [row["image"] for row in test.first(20).inputs()]
    assert all(row.shape == (28, 28, 3) and row.dtype == np.uint8 for row in rows)
    assert all(str(name).startswith(fashion.classes[label]) for name, label in zip(test.ids, test.labels, strict=True))


def test_the_fingerprint_is_of_content_and_splits():
    same, other = Fashion().open().fingerprint, Fashion(split={"seed": 1}).open().fingerprint
    assert same == Fashion().open().fingerprint != other


def test_limited_keeps_every_class(fashion):
    little = fashion.limited(64)
    assert {len(split) for split in little.splits.values()} == {64}
    assert set(little.splits["train"].labels) == set(range(10))
