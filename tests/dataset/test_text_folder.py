"""Texts as people have them, and the ways they are broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tfrun.config.problems import RunError
from tfrun.dataset.text_folder import TextFolder


@pytest.fixture()
def texts(texts, tmp_path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(texts, tmp_path / "texts"))


def rows_of(data) -> dict[str, str]:
    return {
        identity: row["text"].decode()
        for split in data.splits.values()
        for identity, row in zip(split.ids, split.inputs(), strict=True)
    }


def test_one_folder_a_class(texts):
    data = TextFolder(directory=texts).open()
    assert data.classes == ("bad", "good") and data.kind == "text"
    rows = rows_of(data)
    assert len(rows) == 20 and rows["good/3.txt"] == "素晴らしい film 3\n"
    assert set(data.splits["train"].facts["text"]) <= set(rows.values())


def test_an_index_gives_labels_splits_groups_and_columns(texts):
    lines = [
        f"{path.relative_to(texts)},{path.parent.name},w{number % 5}"
        for number, path in enumerate(sorted(texts.rglob("*.txt")))
    ]
    (texts / "index.csv").write_text("\n".join(["file,label,writer", *lines]))
    dataset = TextFolder(directory=texts, index="index.csv", group="writer", split={"validation": 0.2, "test": 0.2})
    sides = [set(split.columns["writer"]) for split in dataset.open().splits.values()]
    assert dataset.slice_columns() == ["writer"] and not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def broken(folder: Path) -> dict[str, str]:
    """Writes one file of each kind of damage; name -> what has to be said of it."""
    bad = folder / "bad"
    (bad / "empty.txt").write_bytes(b"")
    (bad / "blank.txt").write_bytes(b" \n\t\n")
    (bad / "latin.txt").write_bytes("eins\nzwei\nschön".encode("latin-1"))
    (bad / "utf16.txt").write_bytes("schön".encode("utf-16"))
    (bad / "nul.txt").write_bytes(b"some\0thing")
    (bad / "letter.docx").write_bytes(b"PK\3\4")
    (bad / "loop.txt").symlink_to("loop.txt")
    return {
        "empty.txt": "is empty (0 bytes)", "blank.txt": "nothing but white space", "latin.txt": "is not in UTF-8 (byte 0xf6 in line 3)",
        "utf16.txt": "is in UTF-16: save it as UTF-8", "nul.txt": "holds NUL bytes", "letter.docx": ".docx texts cannot be read",
        "loop.txt": "cannot be read",
    }  # fmt: skip


def test_broken_files_are_fatal_and_named(texts):
    expected = broken(texts)
    with pytest.raises(RunError) as caught:
        TextFolder(directory=texts).open()
    told = str(caught.value)
    assert all(f"{name}: " in told and words in told for name, words in expected.items()) and "on_corrupt=skip" in told


def test_broken_files_are_skipped_named_and_counted_by_config(texts):
    expected = broken(texts)
    data = TextFolder(directory=texts, on_corrupt="skip").open()
    assert {Path(item.file).name for item in data.skipped} == set(expected) and len(rows_of(data)) == 20


def test_a_byte_order_mark_is_no_part_of_the_text(texts):
    (texts / "bad/0.txt").write_bytes(b"\xef\xbb\xbfawful")
    assert rows_of(TextFolder(directory=texts).open())["bad/0.txt"] == "awful"


def test_a_changed_text_changes_the_fingerprint(texts):
    before = TextFolder(directory=texts).open().fingerprint
    (texts / "good/0.txt").write_text("another one")
    assert TextFolder(directory=texts).open().fingerprint != before


def test_a_folder_without_texts_is_a_problem_before_the_run(tmp_path):
    (problem,) = TextFolder(directory=tmp_path).problems()
    assert "holds no text; put .txt, .text, .md files into one folder a class" in str(problem)
