"""Archives of folders, as people pack them and as nobody should."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.s3 import serving
from tfrun.config.problems import RunError
from tfrun.dataset.arrays import Arrays
from tfrun.dataset.image_folder import ImageFolder
from tfrun.dataset.kept import copies
from tfrun.store import default_folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFRUN_CACHE", str(tmp_path / "cache"))


def packed(folder: Path, path: Path, inside: str = "") -> Path:
    """inside: the folder of the archive that the classes are in."""
    kind = {".zip": "zip", ".tar": "tar", ".gz": "gztar", ".tgz": "gztar", ".xz": "xztar", ".bz2": "bztar"}[path.suffix]
    root = (
        Path(shutil.copytree(folder, path.parent / "packed" / inside)).parents[len(Path(inside).parts) - 1]
        if inside
        else folder
    )
    return Path(shutil.make_archive(str(path.parent / "made"), kind, root)).rename(path)


@pytest.mark.parametrize("name", ["p.zip", "p.tar", "p.tar.gz", "p.tgz", "P.ZIP", "p.tar.xz", "p.tar.bz2"])
def test_an_archive_is_the_folder_that_it_was_made_of(tmp_path, pictures, name):
    packed(pictures, tmp_path / name.lower()).rename(tmp_path / name)
    dataset = ImageFolder(directory=tmp_path / name)
    assert dataset.problems() == [] and copies(default_folder()) == [], "nothing is unpacked before the run"
    data = dataset.open()
    assert data.fingerprint == ImageFolder(directory=pictures).open().fingerprint and data.source == str(tmp_path / name)
    assert next(data.splits["test"].inputs())["image"].shape == (28, 28, 3)


@pytest.mark.parametrize("inside", ["photos", "export/photos"])
def test_a_folder_around_the_classes_is_no_class(tmp_path, pictures, inside):
    archive = packed(pictures, tmp_path / "p.zip", inside)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("__MACOSX/photos/._x", b"")
    assert ImageFolder(directory=archive).open().fingerprint == ImageFolder(directory=pictures).open().fingerprint


def test_it_is_unpacked_once_and_again_when_it_changed(tmp_path, pictures):
    archive = packed(pictures, tmp_path / "p.zip")
    ImageFolder(directory=archive).open()
    (copy,) = copies(default_folder())
    inode = copy.path.stat().st_ino
    ImageFolder(directory=archive).open()
    assert copies(default_folder())[0].path.stat().st_ino == inode
    next(copy.path.glob("bag/*.png")).write_bytes(b"")
    assert len(ImageFolder(directory=archive).open().skipped) == 0, "what was touched is unpacked again"
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("bag/broken.png", b"")
    data = ImageFolder(directory=archive, on_corrupt="skip").open()
    assert [item.file for item in data.skipped] == [f"{archive}/bag/broken.png"]


def test_an_archive_in_a_bucket(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "served/bucket").mkdir(parents=True)
    packed(pictures, tmp_path / "served/bucket/p.tar.gz", "photos")
    with serving(tmp_path / "served") as server:
        data = ImageFolder(directory=server.uri("bucket/p.tar.gz")).open()
        assert data.fingerprint == ImageFolder(directory=pictures).open().fingerprint
        ImageFolder(directory=server.uri("bucket/p.tar.gz")).open()
        assert server.got == ["p.tar.gz"]


def test_a_folder_of_arrays(tmp_path):
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays/inputs.npy", np.arange(80.0).reshape(40, 2))
    np.save(tmp_path / "arrays/labels.npy", np.arange(40) % 2)
    archive = packed(tmp_path / "arrays", tmp_path / "a.zip")
    assert Arrays(path=archive).open().fingerprint == Arrays(path=tmp_path / "arrays").open().fingerprint


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, contents in members:
            file.writestr(name, contents)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for info, contents in members:
            info.size = len(contents)
            file.addfile(info, io.BytesIO(contents))
    return path


def a_link(path: Path) -> Path:
    info = zipfile.ZipInfo("a/link.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped(path, (info, b"/etc/passwd"))


def a_tar_link(path: Path, kind: bytes = tarfile.SYMTYPE) -> Path:
    info = tarfile.TarInfo("a/link.png")
    info.type, info.linkname = kind, "/etc/passwd"
    return tarred(path, (info, b""))


@pytest.mark.parametrize(
    ("name", "make", "hint"),
    [
        ("p.zip", lambda path: zipped(path, ("a/../../escaped.png", b"x")), "holds the name 'a/../../escaped.png'"),
        ("p.zip", lambda path: zipped(path, ("/escaped.png", b"x")), "holds the name '/escaped.png'"),
        ("p.tar", lambda path: tarred(path, (tarfile.TarInfo("../escaped.png"), b"x")), "holds the name '../escaped.png'"),
        ("p.zip", a_link, "holds a link, 'a/link.png'"),
        ("p.tar", a_tar_link, "holds a link, 'a/link.png'"),
        ("p.tar", lambda path: a_tar_link(path, tarfile.LNKTYPE), "holds a link, 'a/link.png'"),
        ("p.tar", lambda path: a_tar_link(path, tarfile.FIFOTYPE), "holds a device, 'a/link.png'"),
        ("p.zip", lambda path: zipped(path, ("a/x.png", b"x"), ("a/x.png", b"y")), "holds 'a/x.png' twice"),
        ("p.zip", lambda path: zipped(path, ("a/x.png", bytes(2_000_000))), "unpacks to more than dataset.scratch_gb = 0.001"),
        ("p.zip", lambda path: zipped(path, *((f"a/{n}", b"") for n in range(300))), "unpacks to more than dataset.scratch_gb"),
        ("p.zip", lambda path: path.write_bytes(b"no archive"), "cannot be unpacked"),
        ("p.tar.gz", lambda path: path.write_bytes(b"no archive"), "cannot be unpacked"),
        ("p.zip", lambda path: zipped(path, ("a/x.png", b"x"), ("a/x.png/y.png", b"y")), "is a file and a folder"),
        ("p.zip", lambda path: zipped(path, ("a/" + "x" * 300, b"x")), "which is longer than a file system takes"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_not_unpacked(tmp_path, name, make, hint):
    make(tmp_path / name)
    with pytest.raises(RunError) as caught:
        ImageFolder(directory=tmp_path / name, scratch_gb=0.001).open()
    assert str(caught.value).startswith(f"dataset.directory = {tmp_path / name}: ") and hint in str(caught.value)
    assert not list(tmp_path.rglob("*.png")) and copies(default_folder()) == []


def test_one_that_is_cut_off_leaves_nothing(tmp_path, pictures):
    archive = packed(pictures, tmp_path / "p.tar.gz")
    os.truncate(archive, archive.stat().st_size // 2)
    with pytest.raises(RunError, match=r"p\.tar\.gz: cannot be unpacked"):
        ImageFolder(directory=archive).open()
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_a_password_is_told(tmp_path, pictures):
    archive = packed(pictures, tmp_path / "p.zip")
    contents = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag "encrypted" of every member (APPNOTE 4.4.4)
        start = -1
        while (start := contents.find(mark, start + 1)) >= 0:
            contents[start + at] |= 1
    archive.write_bytes(contents)
    with pytest.raises(RunError, match="password"):
        ImageFolder(directory=archive).open()
