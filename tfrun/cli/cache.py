"""`python -m tfrun cache`: what the feature store holds, and copies of data from elsewhere; `--clear` makes room in it."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from tfrun.config.problems import ConfigError, Problem, RunError, nearest
from tfrun.dataset.kept import copies, unfinished
from tfrun.record.console import Console
from tfrun.store import default_folder, size
from tfrun.store.lock import is_free
from tfrun.store.room import Item, items, leftovers, remove

_ALL = "all"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun cache", description=__doc__)
    parser.add_argument("--clear", nargs="?", const=_ALL, metavar="KEY", help="remove all, or what the list shows under KEY")
    parser.add_argument("--older-than", metavar="AGE", help="only what was not used for so long, like 12h or 30d")
    parser.add_argument("--folder", type=Path, help="the store, where `features.folder` names another one")
    args = parser.parse_args(argv)
    folder = (args.folder or default_folder()).expanduser()
    if args.folder and not folder.is_dir():
        raise ConfigError(Problem("--folder", "is no folder", "name the folder of the store", folder))
    found = _older(sorted([*items(folder), *copies(folder)], key=lambda item: item.used), args.older_than)
    if args.clear is None:
        _show(folder, found)
    else:
        _clear(folder, _chosen(found, args.clear))
    return 0


def _older(found: list[Item], age: str | None) -> list[Item]:
    try:
        since = time.time() - size.in_seconds(age) if age is not None else None
    except ValueError as error:
        raise ConfigError(Problem("--older-than", str(error), "", age)) from error
    return found if since is None else [item for item in found if item.used < since]


def _chosen(found: list[Item], key: str) -> list[Item]:
    chosen = [item for item in found if key == _ALL or item.key.startswith(key)]
    if key != _ALL and not chosen:
        raise ConfigError(Problem("--clear", "no such key", nearest(key, {item.key[:12] for item in found}), key))
    return chosen


def _show(folder: Path, found: list[Item]) -> None:
    console = Console()
    keys = dict.fromkeys(item.key for item in reversed(found))  # last used first
    rows = [_row(key, [item for item in found if item.key == key]) for key in keys]
    if rows:
        console.table(str(folder), ["key", "what", "rows", "size", "last used", "backbone or data"], rows)
    console.line(f"{folder}: {size.shown(sum(item.bytes for item in found))}")


def _row(key: str, parts: list[Item]) -> list[str]:
    about, rows = parts[0].about, sum(item.rows for item in parts)
    if parts[0].kind == "backbone":
        what, backbone = "backbone, converted" if "litert" in about else "backbone", about.get("facts", {}).get("handle", "?")
    elif parts[0].kind == "data":
        what, backbone = "copy of data", about.get("source", "?")
    else:
        what, backbone = f"features {about.get('what', '?')}, {about.get('engine', '?')}", about.get("backbone", "?")
    used = max(item.used for item in parts)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(used)) if used else "never"
    return [key[:12], what, f"{rows:,}" if rows else "", size.shown(sum(item.bytes for item in parts)), when, backbone]


def _clear(folder: Path, chosen: list[Item]) -> None:
    busy = {item.key for item in chosen if not is_free(folder, item.key)}
    failed = [item for item in chosen if item.key not in busy and not remove(item)]
    for path in [*leftovers(folder), *unfinished(folder)]:
        shutil.rmtree(path, ignore_errors=True)
    if failed:
        raise RunError(Problem(str(failed[0].path), "cannot be removed", "mend its permissions"))
    removed = [item for item in chosen if item.key not in busy]
    Console().line(f"{folder}: removed {size.shown(sum(item.bytes for item in removed))}")
    for key in sorted(busy):
        Console().warning(f"{key[:12]} is being written by another process: left as it is")
