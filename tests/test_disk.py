"""Files that are the old ones or the new ones."""

from __future__ import annotations

import pytest

from tfrun.disk import copy_folder, write_atomically


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "file.txt"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new" and [item.name for item in tmp_path.iterdir()] == ["file.txt"]


def test_what_cannot_be_written_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file.txt"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old" and [item.name for item in tmp_path.iterdir()] == ["file.txt"]


def test_a_folder_is_copied_with_what_is_in_it(tmp_path):
    (tmp_path / "source" / "inner").mkdir(parents=True)
    (tmp_path / "source" / "inner" / "file.bin").write_bytes(bytes(range(256)))
    copy_folder(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target" / "inner" / "file.bin").read_bytes() == bytes(range(256))
