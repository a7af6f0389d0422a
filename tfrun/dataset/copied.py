"""Files of a bucket, copied into the cache, from where they are read like any others."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from tfrun.config.problems import Problem, RunError
from tfrun.dataset.address import Address
from tfrun.dataset.bucket import Object, file_system, listed, told
from tfrun.dataset.inside import refuse_unsafe, writing
from tfrun.dataset.kept import kept, room_for

_AT_ONCE, _CHUNK = 16, 2**22  # files; bytes


@dataclass(frozen=True)
class Copy:
    """folder: here. base: of what in the bucket. objects: what is in it."""

    folder: Path
    base: Address
    objects: list[Object]


def copied(address: Address, limit: int, key: str) -> Copy:
    """All that `address` names, under the same names.

    A copy is trusted while the bucket tells the same names, sizes and times, and the copies have them too. What did not
    change since is not fetched again, nor is what a copy that was cut off had fetched.
    limit: bytes. key: of the config, for messages.
    Raises RunError where it cannot be fetched whole, or is larger than `limit` or the disk.
    """
    base, objects = listed(address, key)
    for item in objects:
        refuse_unsafe(item.name, str(address), key)
    size = sum(item.size for item in objects)
    if size > limit:
        rule = f"holds {size / 1e9:.3g} GB, more than dataset.scratch_gb = {limit / 1e9:.3g}"
        raise RunError(Problem(key, rule, "raise it, or name a smaller part", address))
    state = json.dumps([astuple(item) for item in objects])

    def fill(folder: Path, older: Path | None) -> None:
        _fetch(base, objects, folder, older, key)
        if listed(address, key) != (base, objects):
            raise RunError(Problem(key, "changed while it was copied", "let nothing write to it, and start again", address))

    return Copy(kept(str(address), state, fill), base, objects)


def _fetch(base: Address, objects: list[Object], folder: Path, older: Path | None, key: str) -> None:
    """Into `folder`, where some may be already."""
    names = {item.name for item in objects}
    for path in [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]:
        if str(path.relative_to(folder)) not in names:
            path.unlink()
    missing = [item for item in objects if not _is_here(folder, item) and not _linked(older, folder, item)]
    room_for(sum(item.size for item in missing), str(base), key)
    scratch = Path(tempfile.mkdtemp(prefix=".fetched-", dir=folder.parent))
    try:
        _at_once(_copier(base, folder, scratch, key), missing)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copier(base: Address, folder: Path, scratch: Path, key: str) -> Callable[[Object], None]:
    """What copies one file: whole, under its name, or not at all."""
    system, inside = file_system(base, key)

    def copy(item: Object) -> None:
        own = base.child(item.name)
        handle, path = tempfile.mkstemp(dir=scratch)
        with os.fdopen(handle, "wb") as file:
            for chunk in _chunks(system, f"{inside}/{item.name}", own, key):
                file.write(chunk)
        if os.path.getsize(path) != item.size:
            rule = f"came with {os.path.getsize(path):,} of {item.size:,} bytes"
            raise RunError(Problem(key, rule, "start again: files that are here already are not fetched again", own))
        os.utime(path, ns=(item.modified, item.modified))
        with writing(item.name, str(base), key):
            (folder / item.name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, folder / item.name)

    return copy


def _chunks(system, path: str, own: Address, key: str) -> Iterator[bytes]:
    with told(own, key):
        stream = system.open_input_stream(path, compression=None)  # else it unpacks what ends in .gz
    with stream:
        while True:
            with told(own, key):
                chunk = stream.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def _at_once(copy: Callable[[Object], None], objects: list[Object]) -> None:
    """Several files side by side; the first that fails ends it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for _ in pool.map(copy, objects):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _is_here(folder: Path, item: Object) -> bool:
    try:
        status = os.lstat(folder / item.name)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == (item.size, item.modified)


def _linked(older: Path | None, folder: Path, item: Object) -> bool:
    """Whether an older copy had it, from which it is taken over."""
    if older is None or not _is_here(older, item):
        return False
    with suppress(OSError):  # a file system without links, or something else of this name: it is fetched
        (folder / item.name).parent.mkdir(parents=True, exist_ok=True)
        os.link(older / item.name, folder / item.name)
        return True
    return False
