"""What the store holds, and room in it: what was not used for longest goes first."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfrun.store import segment as segments
from tfrun.store.collection import DAMAGED
from tfrun.store.lock import is_free

_TRASH = ".trash-"


@dataclass(frozen=True)
class Item:
    """What can be removed for itself: a segment of features, or the record of a backbone with its converted file.

    key: the collection's or the backbone's. used: time of last use in seconds since 1970. about: for people.
    """

    path: Path
    key: str
    kind: str
    bytes: int
    used: float
    rows: int
    about: dict


def items(root: Path) -> list[Item]:
    """All there is, damaged segments too, the longest unused first. Empty where there is no store."""
    return sorted([*_segments(root), *_backbones(root)], key=lambda item: item.used)


def make_room(root: Path, limit: int) -> list[Item]:
    """Removes what was not used for longest until the store has at most `limit` bytes; never what this process uses."""
    found, removed = items(root), []
    total, used = sum(item.bytes for item in found), segments.in_use()
    for item in found:
        if total <= limit:
            break
        if item.path not in used and remove(item):
            total -= item.bytes
            removed.append(item)
    return removed


def remove(item: Item) -> bool:
    """False where it cannot be removed. What other processes have mapped stays readable to them."""
    try:
        trash = Path(tempfile.mkdtemp(prefix=_TRASH, dir=item.path.parent))
        item.path.rename(trash / "removed")  # at once: nobody finds half a segment
    except OSError:
        return False
    shutil.rmtree(trash, ignore_errors=True)
    if item.kind == "features":
        _remove_empty(item.path.parent)
    return True


def leftovers(root: Path) -> list[Path]:
    """Folders that killed processes left, of collections that nobody is writing to."""
    found = []
    for collection in _folders(root / "features"):
        if is_free(root, collection.name):
            found += [path for path in collection.iterdir() if path.name.startswith((segments.SCRATCH, _TRASH))]
    return found + [
        path for path in _folders(root / "backbones", hidden=True) if path.name.startswith((segments.SCRATCH, _TRASH))
    ]


def _segments(root: Path) -> Iterator[Item]:
    for collection in _folders(root / "features"):
        about = _json(collection / "about.json")
        for path in _folders(collection, hidden=True):
            if not path.name.startswith((segments.SCRATCH, _TRASH)):
                damaged = path.name.startswith(DAMAGED)
                shape = _json(path / segments.ABOUT).get("shape", [0])
                used = 0.0 if damaged else _used(path / segments.ABOUT)
                yield Item(path, collection.name, "features", _bytes(path), used, 0 if damaged else int(shape[0]), about)


def _backbones(root: Path) -> Iterator[Item]:
    for path in _folders(root / "backbones"):
        about = path / "about.json"
        yield Item(path, path.name, "backbone", _bytes(path), _used(about), 0, _json(about))


def _folders(parent: Path, hidden: bool = False) -> list[Path]:
    try:
        return [path for path in sorted(parent.iterdir()) if path.is_dir() and (hidden or not path.name.startswith("."))]
    except OSError:  # not there, or just removed by another process
        return []


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # just removed by another process
            total += path.stat().st_size
    return total


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _json(path: Path) -> dict:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _remove_empty(collection: Path) -> None:
    if all(path.name == "about.json" for path in collection.iterdir()):
        with suppress(OSError):  # another process has just put something there
            (collection / "about.json").unlink()
            collection.rmdir()
