"""Folders of files that were fetched or unpacked: made once, kept in the cache, trusted while they are as they were made."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tfrun.config.problems import Problem, RunError
from tfrun.store import default_folder
from tfrun.store.lock import is_free, locked
from tfrun.store.room import Item

_PARTIAL = ".partial"
_MANIFEST, _SOURCE, _DATA = ".json", "source.json", "datasets"
_held: dict[str, object] = {}  # locks of what this process reads: they go with it


def kept(source: str, state: str, fill: Callable[[Path, Path | None], None]) -> Path:
    """The folder that `fill` makes for this state of `source`, `$TFRUN_CACHE/datasets/<source>/<state>`.

    source: address or path. state: whatever changes when it does. fill: given an empty folder, or what an earlier try left
    there, and the folder of an older state, or None. What it leaves becomes visible at once, by a rename.
    Raises RunError where the cache cannot be written.
    """
    root = default_folder()
    own, version = _hash(source), _hash(state)
    home = root / _DATA / own
    try:
        home.mkdir(parents=True, exist_ok=True)
        with locked(root, own):
            folder = home / version
            if not _is_whole(folder):
                _make(folder, source, fill)
            _hold(root, f"{own}-{version}")
            _remove_others(root, folder)
            os.utime(home / f"{version}{_MANIFEST}")  # when it was last used
    except OSError as error:
        rule = f"cannot be written ({error.strerror or error})"
        raise RunError(Problem(str(home), rule, "make room, or set TFRUN_CACHE to another folder")) from error
    return folder


def room_for(size: int, place: str, key: str) -> None:
    """Raises RunError where the disk of the cache has not `size` bytes free."""
    folder = next(each for each in (default_folder(), *default_folder().parents) if each.is_dir())
    free = shutil.disk_usage(folder).free
    if size > free:
        rule = f"needs {size / 1e9:.3g} GB in {default_folder()}, which has {free / 1e9:.3g} GB free"
        raise RunError(Problem(key, rule, "make room, or set TFRUN_CACHE to another folder", place))


def copies(root: Path) -> list[Item]:
    """All that is kept, for `python -m tfrun cache`."""
    found = []
    for manifest in sorted((root / _DATA).glob(f"*/*{_MANIFEST}")):
        folder = manifest.with_suffix("")
        if folder.is_dir():
            files = _manifest(manifest) or []
            about = {"source": _manifest(manifest.parent / _SOURCE)}
            size, key = sum(each[1] for each in files), f"{folder.parent.name}-{folder.name}"
            found.append(Item(folder, key, "data", size, manifest.stat().st_mtime, len(files), about))
    return found


def unfinished(root: Path) -> list[Path]:
    """What copies that were cut off left, and that no process goes on with; sources of which no copy is left."""
    found = []
    for home in (root / _DATA).glob("*"):
        if is_free(root, home.name):
            whole = _versions(home)
            found += [path for path in home.iterdir() if path.is_dir() and path not in whole] if whole else [home]
    return found


def _make(folder: Path, source: str, fill: Callable[[Path, Path | None], None]) -> None:
    partial = folder.with_name(folder.name + _PARTIAL)
    if folder.is_dir() and not partial.exists():
        folder.rename(partial)  # it was damaged: what is sound in it need not be fetched again
    partial.mkdir(exist_ok=True)
    older = next((path for path in _versions(folder.parent) if path != folder), None)
    fill(partial, older)
    _write(folder.parent / _SOURCE, source)
    _write(folder.with_name(folder.name + _MANIFEST), _files(partial))
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _is_whole(folder: Path) -> bool:
    """Whether it holds the files that were put there, by size and time."""
    known = _manifest(folder.with_name(folder.name + _MANIFEST))
    return known is not None and folder.is_dir() and known == _files(folder)


def _files(folder: Path) -> list[list]:
    """[name, bytes, ns since 1970] of each, by name."""
    return sorted(_walked(str(folder), len(str(folder)) + 1))


def _walked(folder: str, start: int) -> Iterator[list]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, start)
            else:
                status = entry.stat(follow_symlinks=False)
                yield [entry.path[start:], status.st_size, status.st_mtime_ns]


def _versions(home: Path) -> list[Path]:
    found = [path for path in home.iterdir() if path.is_dir() and not path.name.endswith(_PARTIAL)]
    return [path for path in found if path.with_name(path.name + _MANIFEST).is_file()]


def _hold(root: Path, key: str) -> None:
    """Until this process ends, nobody removes what it reads."""
    if key not in _held:
        with suppress(OSError):  # a file system without locks
            file = (root / "locks" / key).open("w")
            fcntl.flock(file, fcntl.LOCK_SH)
            _held[key] = file


def _remove_others(root: Path, folder: Path) -> None:
    """Older states that no process reads; copies that were cut off."""
    for path in folder.parent.iterdir():
        state = path.name.removesuffix(_PARTIAL)
        if (
            path.is_dir()
            and path != folder
            and (path.name.endswith(_PARTIAL) or is_free(root, f"{folder.parent.name}-{state}"))
        ):
            shutil.rmtree(path, ignore_errors=True)
            path.with_name(state + _MANIFEST).unlink(missing_ok=True)


def _manifest(path: Path):
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _write(path: Path, content) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps(content))
    scratch.replace(path)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
