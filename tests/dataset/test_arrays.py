"""Arrays as people save them, and the ways they are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tfrun.config.problems import RunError
from tfrun.dataset.arrays import Arrays
from tfrun.dataset.held import rows_of
from tfrun.dataset.stored import Stored


@pytest.fixture(scope="module")
def sample() -> dict[str, np.ndarray]:
    with np.load(ROOT / "tfrun/samples/fashion/fashion.npz") as stored:
        rows = np.arange(0, 2000, 10)
        return {"inputs": stored["images"][rows], "labels": stored["labels"][rows], "names": stored["names"]}


def save(folder: Path, compressed: bool = False, **arrays) -> Path:
    path = folder / "data.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def all_rows(data) -> dict[str, np.ndarray]:
    """Input by id."""
    (spec,) = data.inputs
    return {name: row[spec.name] for split in data.splits.values() for name, row in zip(split.ids, split.inputs(), strict=True)}


@pytest.mark.parametrize("form", ["npz", "compressed", "folder"])
def test_pictures_and_names_from_each_form(tmp_path, sample, form):
    if form == "folder":
        path = tmp_path / "arrays"
        path.mkdir()
        for name, array in sample.items():
            np.save(path / f"{name}.npy", array)
    else:
        path = save(tmp_path, compressed=form == "compressed", **sample)
    assert isinstance(Stored(path).array("inputs"), np.memmap) == (form != "compressed")
    data = Arrays(path=path).open()
    assert data.kind == "image" and set(data.classes) == set(sample["names"][np.unique(sample["labels"])])
    read = all_rows(data)
    assert len(read) == 200 and read["row 7"].shape == (28, 28, 3)
    assert all((read[f"row {row}"][..., 1] == sample["inputs"][row]).all() for row in range(200))
    split = data.splits["test"]
    row = int(str(split.ids[0]).removeprefix("row "))
    assert data.classes[split.labels[0]] == sample["names"][sample["labels"][row]]
    assert split.facts["brightness"][0] == pytest.approx(sample["inputs"][row].mean() / 255, abs=0.01)


def test_large_arrays_are_read_from_the_file_and_small_ones_are_held(tmp_path, sample):
    mapped = Stored(save(tmp_path, **sample)).array("inputs")
    rows = np.array([3, 199, 3])
    for held in (0, 2**30):
        read = rows_of(mapped, held)
        assert (read(rows).numpy() == sample["inputs"][rows]).all() and (read(np.int64(5)).numpy() == sample["inputs"][5]).all()


def test_colours_and_grey(tmp_path, sample):
    rgb = np.stack([sample["inputs"], 255 - sample["inputs"], sample["inputs"]], axis=-1)
    path = save(tmp_path, inputs=rgb, labels=sample["labels"])
    assert (all_rows(Arrays(path=path).open())["row 4"] == rgb[4]).all()
    assert all_rows(Arrays(path=path, channels=1).open())["row 4"].shape == (28, 28, 1)


def test_integer_labels_are_classes_in_their_order(tmp_path):
    labels = np.arange(120) % 12
    data = Arrays(path=save(tmp_path, inputs=np.random.default_rng(0).normal(size=(120, 3)), labels=labels)).open()
    assert data.classes == tuple(map(str, range(12)))


def test_vectors_have_facts_and_are_what_was_saved(tmp_path):
    vectors = np.asfortranarray(np.random.default_rng(0).normal(5, 2, (90, 4)))
    data = Arrays(path=save(tmp_path, inputs=vectors, labels=np.arange(90) % 3)).open()
    assert data.kind == "vector" and data.inputs[0].shape == (4,)
    np.testing.assert_allclose(all_rows(data)["row 11"], vectors[11], rtol=1e-6)
    assert set(data.splits["train"].facts) == {f"values[{column}]" for column in range(4)}


def test_given_splits_groups_and_columns(tmp_path, sample):
    rows = np.arange(200)
    path = save(tmp_path, **sample, split=np.array(["train", "val", "test", "train"])[rows % 4], camera=rows % 2)
    dataset = Arrays(path=path)
    data = dataset.open()
    assert dataset.slice_columns() == ["camera"] and {len(split) for split in data.splits.values()} == {100, 50}
    assert set(data.splits["test"].columns["camera"]) == {"0"}
    path = save(tmp_path, **sample, who=rows // 5)
    sides = [set(split.columns["who"]) for split in Arrays(path=path, group="who").open().splits.values()]
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def test_a_changed_value_changes_the_fingerprint(tmp_path, sample):
    before = Arrays(path=save(tmp_path, **sample)).open().fingerprint
    other = sample["inputs"].copy()
    other[17, 3, 3] ^= 1
    assert Arrays(path=save(tmp_path, **{**sample, "inputs": other})).open().fingerprint != before


LABELS = np.arange(30) % 3


@pytest.mark.parametrize(
    ("arrays", "hint"),
    [
        ({"x": np.zeros((30, 2)), "labels": LABELS}, "is no array of PATH (it has x, labels); set dataset.inputs"),
        ({"inputs": np.zeros((30, 2))}, "dataset.labels = labels: is no array"),
        ({"inputs": np.zeros((0, 2)), "labels": LABELS[:0]}, "'inputs' has no rows"),
        ({"inputs": np.array([{}] * 30), "labels": LABELS}, "'inputs' holds Python objects, which are never loaded"),
        ({"inputs": np.zeros((30, 2)), "labels": np.array(["a", None] * 15)}, "'labels' holds Python objects"),
        ({"inputs": np.zeros((30, 2)), "labels": LABELS[:20]}, "'labels' has 20 rows, and 'inputs' has 30"),
        ({"inputs": np.zeros((30, 2)), "labels": LABELS, "day": np.zeros(3)}, "'day' has 3 rows"),
        ({"inputs": np.zeros((30, 2)), "labels": LABELS * 1.0}, "'labels' is float64 [30]; save integers or strings"),
        ({"inputs": np.zeros((30, 2)), "labels": np.eye(3)[LABELS]}, "'labels' is float64 [30, 3]"),
        ({"inputs": np.zeros((30, 2)), "labels": LABELS * 0}, "holds one class only, 0"),
        ({"inputs": np.zeros((30, 2)), "labels": LABELS, "names": np.array(["a", "b"])}, "row 2 has the label 2, and 'names' has 2"),
        ({"inputs": np.zeros((30, 2)), "labels": np.array(["a", ""] * 15)}, "row 1 of 'labels' is empty"),
        ({"inputs": np.zeros((30, 8, 8, 3)), "labels": LABELS}, "neither pictures nor vectors; save uint8"),
        ({"inputs": np.zeros((30, 8, 8, 4), np.uint8), "labels": LABELS}, "neither pictures nor vectors"),
        ({"inputs": np.array([[1.0, 2.0]] * 29 + [[np.nan, 0]]), "labels": LABELS}, "row 29 of 'inputs' holds NaN"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(tmp_path, arrays, hint):
    path = save(tmp_path, **arrays)
    dataset = Arrays(path=path)
    with pytest.raises(RunError) as caught:
        dataset.open()
    assert hint.replace("PATH", str(path)) in str(caught.value) and "\n" not in str(caught.value)
    assert "NaN" in hint or dataset.problems() == caught.value.problems, "told before the run too"


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_no_npz_or_cut_off(tmp_path, sample, compressed):
    path = save(tmp_path, compressed, **sample)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(RunError, match=r"cannot be read .* write it with numpy"):
        Arrays(path=path).open()
    folder = tmp_path / "folder"
    folder.mkdir()
    np.save(folder / "inputs.npy", sample["inputs"])
    np.save(folder / "labels.npy", sample["labels"])
    whole = (folder / "inputs.npy").read_bytes()
    (folder / "inputs.npy").write_bytes(whole[:-2000])
    with pytest.raises(RunError, match="'inputs' cannot be read"):
        Arrays(path=folder).open()
