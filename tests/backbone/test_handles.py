"""Every form of handle, and every way a handle can be wrong."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile

import pytest

from tfrun.backbone import handles
from tfrun.backbone.hub import Hub
from tfrun.config.problems import RunError


@pytest.fixture()
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFRUN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pack(folder, archive, inside="."):
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=inside)
    return archive


def test_folder_file_address_and_sample(module):
    assert handles.resolve(str(module)) == module
    assert handles.resolve(f"file://{module}") == module
    assert (handles.resolve("sample:efficientnet_lite0") / "saved_model.pb").is_file()


@pytest.mark.parametrize("inside", [".", "some/folder", "model"])
def test_an_archive_is_unpacked_once(module, tmp_path, cache, inside):
    archive = pack(module, tmp_path / "module.tar.gz", inside)
    if inside == "some/folder":
        with pytest.raises(RunError, match="holds no saved_model.pb"):
            handles.resolve(str(archive))
        return
    folder = handles.resolve(f"file://{archive}")
    assert (folder / "saved_model.pb").read_bytes() == (module / "saved_model.pb").read_bytes()
    stamp = (folder / "saved_model.pb").stat().st_mtime_ns
    assert handles.resolve(str(archive)) == folder and (folder / "saved_model.pb").stat().st_mtime_ns == stamp
    assert len(list(cache.glob("modules/*"))) == 1


def test_an_archive_that_writes_outside_is_refused_and_leaves_nothing(tmp_path, cache):
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("../../outside.txt")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"bad"))
    with pytest.raises(RunError, match="cannot be unpacked"):
        handles.resolve(str(archive))
    assert not list(tmp_path.rglob("outside.txt")) and not list(cache.glob("modules/*"))


def test_a_cut_archive_is_refused(module, tmp_path, cache):
    archive = pack(module, tmp_path / "module.tar.gz")
    archive.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(RunError, match="cannot be unpacked"):
        handles.resolve(str(archive))


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda folder: folder / "nowhere", "does not exist"),
        (lambda folder: folder, "holds no saved_model.pb"),
        (lambda folder: [path := folder / "model.h5", path.write_text("x")][0], "neither a folder nor an archive"),
    ],
)
def test_a_wrong_handle_is_refused_when_the_config_is_checked(tmp_path, make, hint):
    with pytest.raises(ValueError, match=hint):
        Hub(handle=str(make(tmp_path)))


def test_a_saved_model_that_is_half_there_is_one_line(module, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(module, broken)
    shutil.rmtree(broken / "variables")
    with pytest.raises(RunError, match="cannot be loaded") as caught:
        Hub(handle=str(broken)).build((32, 32, 3))
    assert "\n" not in str(caught.value)


ADDRESS = "https://www.kaggle.com/models/google/efficientnet-v2/TensorFlow2/imagenet1k-b0-feature-vector/2"


def test_an_address_is_found_in_the_hub_cache(module, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    name = hashlib.sha1(ADDRESS.encode()).hexdigest()
    shutil.copytree(module, tmp_path / name)
    (tmp_path / f"{name}.descriptor.txt").write_text("Module: here\n")
    assert handles.resolve(ADDRESS) == tmp_path / name
    assert handles.version(ADDRESS) == "2"


def test_an_address_that_cannot_be_fetched_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    address = "http://127.0.0.1:9/nothing/1"
    with pytest.raises(RunError, match="cannot be fetched") as caught:
        handles.resolve(address)
    assert hashlib.sha1(address.encode()).hexdigest() in str(caught.value)


def test_the_digest_is_of_names_and_contents(module, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(module, copy)
    assert handles.digest(copy) == handles.digest(module)
    (copy / "saved_model.pb").write_bytes(b"other")
    assert handles.digest(copy) != handles.digest(module)
