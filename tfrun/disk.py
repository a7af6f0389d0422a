"""Writing that survives a power cut, and that nobody ever sees half done."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def copy_folder(source: Path, target: Path) -> None:
    """A new folder `target` with the files of `source`, all of it on disk when this returns."""
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            copy_folder(entry, target / entry.name)
            continue
        with entry.open("rb") as incoming, (target / entry.name).open("xb") as outgoing:
            shutil.copyfileobj(incoming, outgoing, 2**20)
            settle(outgoing)
    sync_folder(target)


def write_synced(path: Path, content) -> None:
    """content: bytes, or what has a buffer of them."""
    with path.open("wb") as file:
        file.write(content)
        settle(file)


def write_atomically(path: Path, text: str) -> None:
    """The file is the old one or the new one, never half of it, also after a power cut."""
    scratch = path.with_name(f".{path.name}.new")
    try:
        with scratch.open("w", encoding="utf-8") as file:
            file.write(text)
            settle(file)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def settle(file) -> None:
    """What was written to the open `file` is on disk when this returns."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """So are the names in `folder`: those of new files, and renames."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
