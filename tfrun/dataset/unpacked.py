"""Archives of folders, unpacked into the cache: nothing outside of it is written, no link is made, and there is a limit."""

from __future__ import annotations

import functools
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tfrun.config.problems import Problem, RunError, shorten
from tfrun.dataset.inside import refuse_unsafe, writing
from tfrun.dataset.kept import kept
from tfrun.dataset.splitting import split_name

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_CHUNK, _BLOCK = 2**20, 4096  # bytes; what even an empty file takes on disk
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_LEFT_OUT = "__MACOSX/"  # what macOS adds to a zip


@dataclass(frozen=True)
class _Member:
    """kind: file, folder, or what it is else. open: a stream of the contents."""

    name: str
    kind: str
    size: int
    open: Callable[[], BinaryIO]


def is_archive(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def unpacked(archive: Path, place: str, limit: int, key: str) -> Path:
    """The folder that `archive` was made of; unpacked once for its path, size and time.

    place: as it was typed. limit: bytes that it may take. key: of the config, for messages.
    Raises RunError for one that is damaged, encrypted, larger than `limit`, or that holds a link or a name that leads out.
    """
    state = _state(archive)

    def fill(folder: Path, _: Path | None) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        try:
            _unpack(archive, folder, place, limit, key)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if not isinstance(error, _BROKEN):
                raise
            rule = f"cannot be unpacked ({shorten(error, 160)})"
            raise RunError(Problem(key, rule, "is it whole, and without a password? Pack it again", place)) from error
        if _state(archive) != state:
            raise RunError(Problem(key, "changed while it was unpacked", "let nothing write to it, and start again", place))

    source = f"{place}, unpacked" if "://" in place else f"{archive.resolve()}, unpacked"
    return _top(kept(source, state, fill))


def _state(archive: Path) -> str:
    status = archive.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _unpack(archive: Path, folder: Path, place: str, limit: int, key: str) -> None:
    """Each member is looked at before it is written. Streams give no more bytes than a member says that it has."""
    seen: set[str] = set()
    left = limit
    for member in _members(archive):
        if member.kind not in ("file", "folder"):
            rule = f"holds {member.kind}, '{shorten(member.name)}', which is not unpacked"
            raise RunError(Problem(key, rule, "pack plain files and folders (zip -r, tar -h)", place))
        refuse_unsafe(member.name, place, key)
        if member.kind == "file" and member.name in seen:
            raise RunError(Problem(key, f"holds '{shorten(member.name)}' twice", "pack it again", place))
        seen.add(member.name)
        left -= max(member.size, _BLOCK)
        if left < 0:
            rule = f"unpacks to more than dataset.scratch_gb = {limit / 1e9:.3g}"
            raise RunError(Problem(key, rule, "raise it, or pack less", place))
        with writing(member.name, place, key):
            _write(member, folder / member.name)


def _write(member: _Member, path: Path) -> None:
    if member.kind == "folder":
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as stream, path.open("xb") as file:
        shutil.copyfileobj(stream, file, _CHUNK)


def _members(archive: Path) -> Iterator[_Member]:
    """In the order of the archive."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.filename.startswith(_LEFT_OUT):
                    opened = functools.partial(packed.open, info)
                    yield _Member(info.filename.rstrip("/"), _kind_in_zip(info), info.file_size, opened)
        return
    with tarfile.open(archive) as packed:
        for info in packed:
            name = info.name.removeprefix("./").rstrip("/")
            if name != ".":  # the folder itself
                yield _Member(name, _kind_in_tar(info), info.size, functools.partial(packed.extractfile, info))


def _kind_in_zip(info: zipfile.ZipInfo) -> str:
    """The upper half of its attributes is a mode, where a Unix packed it (APPNOTE 4.4.15)."""
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link" if kind == stat.S_IFLNK else "a device"
    return "folder" if info.is_dir() else "file"


def _kind_in_tar(info: tarfile.TarInfo) -> str:
    if info.isfile():
        return "file"
    if info.isdir():
        return "folder"
    return "a link" if info.issym() or info.islnk() else "a device"


def _top(folder: Path) -> Path:
    """Inside of the one folder that most archives hold, unless that is a class or a split."""
    while True:
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir() or split_name(inside[0].name):
            return folder
        if not any(path.is_dir() or path.suffix.lower() in (".csv", ".npy") for path in inside[0].iterdir()):
            return folder
        folder = inside[0]
