"""Folders as people have them, and the ways they are broken."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TUXPAINT
from tfrun.config.problems import RunError
from tfrun.dataset.image_folder import ImageFolder


def write_index(folder: Path, **columns) -> None:
    files = sorted(folder.rglob("*.png"))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", *columns])
        for number, path in enumerate(files):
            writer.writerow([path.relative_to(folder), path.parent.name, *(column(number) for column in columns.values())])


@pytest.fixture()
def copy(pictures, tmp_path) -> Path:
    return Path(shutil.copytree(pictures, tmp_path / "copy"))


def test_one_folder_a_class(pictures):
    data = ImageFolder(directory=pictures).open()
    assert data.classes == ("bag", "sandal", "trouser")
    assert sum(len(split) for split in data.splits.values()) == 72
    row = next(data.splits["test"].inputs())["image"]
    stored = np.asarray(Image.open(pictures / data.splits["test"].ids[0]))
    assert (row == stored[..., None].repeat(3, axis=-1)).all()


def test_folders_named_like_splits_are_splits(copy):
    for split in ("train", "val", "test"):
        (copy / split).mkdir()
        for name in ("bag", "sandal", "trouser"):
            (copy / split / name).mkdir()
            for path in sorted((copy / name).glob("*.png"))[:8]:
                path.rename(copy / split / name / path.name)
    for name in ("bag", "sandal", "trouser"):
        (copy / name).rmdir()
    data = ImageFolder(directory=copy).open()
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 24, "validation": 24, "test": 24}
    assert all(identity.startswith("val/") for identity in data.splits["validation"].ids)


def test_rows_of_an_index_are_split_by_time(copy):
    write_index(copy, day=lambda number: f"2024-03-{1 + number * 7 % 24:02}")
    dataset = ImageFolder(directory=copy, index="index.csv", split={"time": "day"})
    assert dataset.problems() == []
    days = {name: split.columns["day"] for name, split in dataset.open().splits.items()}
    assert max(days["train"]) < min(days["validation"]) and max(days["validation"]) < min(days["test"])


def test_a_copy_with_another_split_or_folder_is_looked_at_anew(copy, pictures):
    write_index(copy, day=lambda number: number, subject=lambda number: "one")
    dataset = ImageFolder(directory=copy, index="index.csv", group="subject")
    (problem,) = dataset.problems()
    assert "72 rows in 1 groups" in str(problem)
    assert dataset.model_copy(update={"group": None}).problems() == []
    assert dataset.model_copy(update={"directory": pictures, "index": None, "group": None}).slice_columns() == []


def test_an_index_gives_labels_splits_groups_and_columns(copy):
    write_index(copy, subject=lambda number: f"s{number // 4}", light=lambda number: ["day", "night"][number % 2])
    dataset = ImageFolder(directory=copy, index="index.csv", group="subject")
    data = dataset.open()
    assert dataset.slice_columns() == ["subject", "light"]
    sides = [set(split.columns["subject"]) for split in data.splits.values()]
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
    assert set(data.splits["test"].columns["light"]) == {"day", "night"}


@pytest.mark.parametrize("ending", ["jpg", "bmp", "gif", "png"])
def test_every_format_is_read(tmp_path, ending, fashion):
    rows = [row["image"] for row in fashion.splits["train"].first(30).inputs()]
    for number, pixels in enumerate(rows):
        folder = tmp_path / f"class_{number % 2}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:02}.{ending}")
    data = ImageFolder(directory=tmp_path, split={"seed": 1}).open()
    first = next(data.splits["train"].inputs())["image"]
    original = rows[int(Path(data.splits["train"].ids[0]).stem)]
    assert first.shape == (28, 28, 3) and np.abs(first.astype(int) - original).mean() < 6


def test_names_with_spaces_and_umlauts(copy):
    (copy / "bag").rename(copy / "große Tasche 包")
    assert "große Tasche 包" in ImageFolder(directory=copy).open().classes


def damage(folder: Path) -> None:
    (folder / "bag/empty.png").write_bytes(b"")
    whole = next(folder.glob("sandal/*.png")).read_bytes()
    (folder / "sandal/cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "sandal/text.jpg").write_text("this is no picture")


def test_corrupt_files_are_fatal_and_named(copy):
    damage(copy)
    with pytest.raises(RunError) as caught:
        ImageFolder(directory=copy).open()
    told = str(caught.value)
    assert all(name in told for name in ("empty.png", "cut.png", "text.jpg")) and "on_corrupt=skip" in told
    assert "is empty (0 bytes)" in told and len(caught.value.problems) == 3


def test_corrupt_files_are_skipped_and_counted_by_config(copy):
    damage(copy)
    data = ImageFolder(directory=copy, on_corrupt="skip").open()
    assert sorted(Path(item.file).name for item in data.skipped) == ["cut.png", "empty.png", "text.jpg"]
    assert sum(len(split) for split in data.splits.values()) == 72


def test_a_changed_picture_changes_the_fingerprint(copy):
    before = ImageFolder(directory=copy).open().fingerprint
    path = next(copy.glob("bag/*.png"))
    Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    assert ImageFolder(directory=copy).open().fingerprint != before


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda folder: None, "holds no picture"),
        (lambda folder: (folder / "a").mkdir(), "holds no picture"),
        (lambda folder: [(folder / "a").mkdir(), Image.new("L", (4, 4)).save(folder / "a/x.png")], "one class only, 'a'"),
    ],
)
def test_a_folder_without_two_classes_is_a_problem_before_the_run(tmp_path, make, hint):
    make(tmp_path)
    (problem,) = ImageFolder(directory=tmp_path).problems()
    assert hint in str(problem)


@pytest.mark.parametrize(
    ("text", "group", "hint"),
    [
        ("name,label\nx,y\n", None, "has no column 'file'"),
        ("file,label\nbag/none.png,bag\n", None, "names bag/none.png, which does not exist"),
        ("file,label\nx\n", None, "line 2 has not 2 fields"),
        ("file,label\n,bag\n", None, "line 2 has no file or no label"),
        ("file,label,who\n", "hwo", "did you mean 'who'?"),
        ("file,label\nPATH,bag\nPATH,sandal\n", None, "lines 2 and 3 name the same file"),
        ("file,label,split\nPATH,bag,tst\nOTHER,sandal,train\n", None, "row 1 has the unknown split"),
    ],
)
def test_a_broken_index_names_line_and_column(copy, text, group, hint):
    for word, name in (("PATH", "bag"), ("OTHER", "sandal")):
        text = text.replace(word, str(next(copy.glob(f"{name}/*.png")).relative_to(copy)))
    (copy / "index.csv").write_text(text)
    with pytest.raises(RunError) as caught:
        ImageFolder(directory=copy, index="index.csv", group=group).open()
    assert hint in str(caught.value)


def test_split_folders_beside_others_are_refused_before_the_run(copy):
    for name in ("train", "test", "notes"):
        (copy / name).mkdir()
    (problem,) = ImageFolder(directory=copy).problems()
    assert "has the splits" in str(problem) and "notes" in str(problem)


def test_pictures_that_cannot_be_read_are_not_passed_over_in_silence(copy):
    Image.new("RGB", (8, 8)).save(copy / "bag/scan.tif")
    data = ImageFolder(directory=copy, on_corrupt="skip").open()
    assert [item.reason for item in data.skipped] == [".tif pictures cannot be read: convert them"]


def test_grey_is_read_from_every_format(tmp_path, fashion):
    for number, ending in enumerate(("png", "bmp", "gif", "jpg", "webp") * 8):
        folder = tmp_path / f"class_{number % 2}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(next(fashion.splits["train"].inputs())["image"]).save(folder / f"{number}.{ending}")
    data = ImageFolder(directory=tmp_path, channels=1).open()
    assert not data.skipped and all(
        row["image"].shape == (28, 28, 1) for split in data.splits.values() for row in split.inputs()
    )


@pytest.mark.skipif(not TUXPAINT.is_dir(), reason="the Tux Paint stamps (GPL) are not here")
def test_tuxpaint_with_its_index():
    data = ImageFolder(directory=TUXPAINT, index="index.csv").open()
    assert len(data.classes) == 11 and sum(len(split) for split in data.splits.values()) == 364
    assert set(data.splits["test"].columns["style"]) == {"photo", "cartoon"}


def test_files_added_after_a_check_are_opened(copy):
    dataset = ImageFolder(directory=copy)
    assert dataset.problems() == [] and dataset.problems() == []
    shutil.copy(next(copy.glob("bag/*.png")), copy / "bag/deeper.png")
    assert sum(len(split) for split in dataset.open().splits.values()) == 73


def test_deeper_folders_belong_to_their_class_and_hidden_ones_do_not(copy):
    for name in ("2024", ".cache"):
        (copy / "bag" / name).mkdir()
        shutil.copy(next(copy.glob("bag/*.png")), copy / "bag" / name / "again.png")
    data = ImageFolder(directory=copy).open()
    ids = [identity for split in data.splits.values() for identity in split.ids]
    assert "bag/2024/again.png" in ids and not any(".cache" in identity for identity in ids)
