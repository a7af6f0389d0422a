"""Datasets that TensorFlow Datasets itself prepared, in a folder of the test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tfrun.config.problems import RunError
from tfrun.dataset.tfds import TFDS

NAMES = ["bag", "sandal", "trouser"]


@pytest.fixture(scope="module")
def tfds():
    return pytest.importorskip("tensorflow_datasets", reason="tensorflow-datasets is an extra: pip install 'tfrun[tfds]'")


@pytest.fixture(scope="module")
def prepared(tfds, tmp_path_factory, fashion):
    """By what it holds: the folder of a version, 60 training and 30 test rows, or 60 of one split."""
    pixels = [row["image"] for row in fashion.splits["train"].first(90).inputs()]

    def prepare(what: str, splits: dict[str, range], file_format: str = "tfrecord") -> Path:
        features = {
            "picture": {"image": tfds.features.Image(shape=(None, None, 3)), "label": tfds.features.ClassLabel(names=NAMES)},
            "text": {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=NAMES)},
            "vector": {"values": tfds.features.Tensor(shape=(4,), dtype=np.float32), "label": tfds.features.Scalar(np.int64)},
        }[what]
        given = next(iter(features))
        make = {"picture": lambda n: pixels[n], "text": lambda n: f"text {n}", "vector": lambda n: np.full(4, n, np.float32)}[
            what
        ]
        folder = tmp_path_factory.mktemp("tfds")

        class Small(tfds.core.GeneratorBasedBuilder, skip_registration=True):
            name, VERSION = f"small_{what}", tfds.core.Version("1.0.0")
            pkg_dir_path = folder

            def _info(self):
                return self.dataset_info_from_configs(
                    features=tfds.features.FeaturesDict(features), supervised_keys=(given, "label")
                )

            def _split_generators(self, manager):
                return {name: self._generate_examples(numbers) for name, numbers in splits.items()}

            def _generate_examples(self, numbers):
                yield from ((number, {given: make(number), "label": number % 3}) for number in numbers)

        Small(data_dir=folder).download_and_prepare(file_format=file_format)
        (info,) = folder.rglob("dataset_info.json")
        return info.parent

    return prepare


def test_pictures_with_their_own_splits_and_names(prepared, fashion):
    folder = prepared("picture", {"train": range(60), "test": range(60, 90)})
    data = TFDS(directory=folder, split={"validation": 0.2}).open()
    assert data.kind == "image" and data.classes == tuple(NAMES)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 48, "validation": 12, "test": 30}
    original = {row["image"].tobytes(): n % 3 for n, row in enumerate(fashion.splits["train"].first(90).inputs())}
    split = data.splits["test"]
    found = [original[row["image"].tobytes()] for row in split.inputs()]
    assert [NAMES[number] for number in found] == [data.classes[label] for label in split.labels]
    assert data.source == "tfds small_picture/1.0.0" and set(split.facts["format"]) == {"PNG"}


def test_one_split_is_shared_out_and_texts_and_vectors_are_read(prepared):
    data = TFDS(directory=prepared("text", {"train": range(60)})).open()
    assert data.kind == "text" and sum(map(len, data.splits.values())) == 60 and "test" in data.splits
    data = TFDS(directory=prepared("vector", {"train": range(60)})).open()
    assert data.inputs[0].shape == (4,) and data.classes == ("0", "1", "2")
    split = data.splits["train"]
    assert [int(row["values"][0]) % 3 for row in split.inputs()] == split.labels.tolist()


def test_a_damaged_record_is_named(prepared):
    folder = prepared("picture", {"train": range(60)})
    (file,) = folder.glob("*.tfrecord*")
    contents = bytearray(file.read_bytes())
    contents[100] ^= 255
    file.write_bytes(contents)
    with pytest.raises(RunError, match="is damaged"):
        TFDS(directory=folder).open()
    assert len(TFDS(directory=folder, on_corrupt="skip").open().skipped) == 1


def test_another_file_format_is_refused(prepared):
    folder = prepared("picture", {"train": range(60)})
    info = json.loads((folder / "dataset_info.json").read_text())
    (folder / "dataset_info.json").write_text(json.dumps({**info, "fileFormat": "riegeli"}))
    with pytest.raises(RunError, match=r"riegeli|cannot be opened"):
        TFDS(directory=folder).open()


def test_names_that_are_not_there(tfds, tmp_path):
    with pytest.raises(RunError, match="cannot be opened"):
        TFDS(name="no_such_dataset_at_all", data_dir=tmp_path).open()


def test_what_is_wrong_is_told_before_the_run(tmp_path):
    both = " ".join(map(str, TFDS().problems()))
    assert "dataset.name" in both and "or dataset.directory has to be given" in both
    assert "holds no dataset_info.json" in " ".join(map(str, TFDS(directory=tmp_path).problems()))
    assert "none of dataset.columns" in " ".join(map(str, TFDS(name="mnist", group="day").problems()))
