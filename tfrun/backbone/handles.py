"""A handle to a folder with a SavedModel: sample, folder, archive, file:// or a TF Hub / Kaggle address."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

from tfrun.config.problems import Problem, RunError
from tfrun.store import default_folder

KEY = "backbone.handle"
_SAMPLES = Path(__file__).resolve().parent.parent / "samples"
_ARCHIVES = (".tar.gz", ".tgz", ".tar")
_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


def is_remote(handle: str) -> bool:
    return handle.startswith(("https://", "http://", "gs://"))


def local_path(handle: str) -> Path | None:
    """The path on this machine that a handle means, or None for an address."""
    if is_remote(handle):
        return None
    if handle.startswith("sample:"):
        return _SAMPLES / handle.removeprefix("sample:")
    return Path(handle.removeprefix("file://")).expanduser()


def problem_with(handle: str) -> Problem | None:
    """What is wrong with a handle, as far as that shows without loading it."""
    path = local_path(handle)
    if path is None:
        return None
    if not path.exists():
        way_out = "give a folder with a saved_model.pb, a .tar.gz of one, or an https:// address of TF Hub or Kaggle"
        return Problem(KEY, "does not exist", way_out, handle)
    if path.is_dir() and not any((path / name).is_file() for name in _MODEL_FILES):
        return Problem(KEY, "is no SavedModel: it holds no saved_model.pb", "name the folder that does", handle)
    if path.is_file() and not path.name.endswith(_ARCHIVES):
        return Problem(KEY, "is neither a folder nor an archive", f"an archive ends in {', '.join(_ARCHIVES)}", handle)
    return None


def resolve(handle: str) -> Path:
    """The folder of the SavedModel; archives are unpacked into the cache once, addresses fetched into it.

    Raises RunError with one line where there is no module to be had.
    """
    problem = problem_with(handle)
    if problem:
        raise RunError(problem)
    path = local_path(handle)
    if path is None:
        return _fetch(handle)
    return _unpack(path, handle) if path.is_file() else path


def version(handle: str) -> str:
    """The version that the address ends in (`…/feature-vector/2`), else `unversioned`."""
    match = re.search(r"/(\d+)/?(?:\?.*)?$", handle) if is_remote(handle) else None
    return match[1] if match else "unversioned"


def digest(folder: Path) -> str:
    """sha256 over the names and contents of the module's files, in order of their names."""
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(str(file.relative_to(folder)).encode() + b"\0")
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def _fetch(handle: str) -> Path:
    import tensorflow_hub as hub

    os.environ.setdefault("TFHUB_CACHE_DIR", str(default_folder() / "hub"))  # the library's own default does not outlive a boot
    try:
        return Path(hub.resolve(handle))
    except Exception as error:  # the hub library raises whatever its resolver meets: URLError, OSError, ValueError …
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        name = hashlib.sha1(handle.encode()).hexdigest()  # how the hub library names a handle in its cache
        way_out = f"without internet: unpack the module into a folder and name that, or put it into $TFHUB_CACHE_DIR/{name}"
        raise RunError(Problem(KEY, f"cannot be fetched ({reason})", way_out, handle)) from error


def _unpack(archive: Path, handle: str) -> Path:
    with archive.open("rb") as stream:
        target = default_folder() / "modules" / hashlib.file_digest(stream, "sha256").hexdigest()
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")  # refuses absolute paths, '..', devices and outside links
            _publish(scratch, target)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise RunError(Problem(KEY, f"cannot be unpacked ({error})", "fetch or pack the archive again", handle)) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    for folder in (target, *sorted(child for child in target.iterdir() if child.is_dir())):
        if any((folder / name).is_file() for name in _MODEL_FILES):
            return folder
    raise RunError(Problem(KEY, "is no SavedModel: the archive holds no saved_model.pb", "pack the folder that does", handle))


def _publish(scratch: Path, target: Path) -> None:
    """A half-unpacked module must never be found: the whole folder appears at once."""
    try:
        scratch.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first, with the same bytes
            raise
