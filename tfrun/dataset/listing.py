"""Which pictures a folder holds, with their labels and splits from the names of the folders they are in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.dataset import Skipped
from tfrun.dataset.splitting import split_name
from tfrun.dataset.table import Rows


@dataclass(frozen=True)
class Listing:
    """rows: ids are paths relative to the folder. left_out: files that ought to be rows and cannot be."""

    rows: Rows
    left_out: tuple[Skipped, ...] = ()


def list_folder(directory: Path, endings: tuple[str, ...], not_read: tuple[str, ...], what: str) -> Listing:
    """`directory/CLASS/…`, or `directory/SPLIT/CLASS/…` where all folders are named like splits. Hidden names are left out.

    endings: of files that are read; not_read: of files that are told of; others are passed over. what: "pictures".
    Raises RunError where folders named like splits stand beside others, OSError where a folder cannot be read.
    """
    folders = _folders(directory)
    named = [name for name in folders if split_name(name)]
    given = bool(named) and len(named) == len(folders)
    if len(named) > 1 and not given:
        rule = f"has the splits {', '.join(named)} beside {', '.join(sorted(set(folders) - set(named)))}"
        raise RunError(Problem("dataset.directory", rule, "move one or the other away", directory))
    ids, labels, splits, left_out = [], [], [], []
    for split, parent in [(name, directory / name) for name in folders] if given else [("", directory)]:
        for label in _folders(parent):
            for file in _files(os.path.join(split, label), str(directory), (_identity(directory),)):
                if isinstance(file, Skipped):
                    left_out.append(file)
                    continue
                ending = os.path.splitext(file)[1].lower()
                path = os.path.join(directory, file)
                if not _is_utf8(path):
                    left_out.append(Skipped(_shown(path), "has a name that is not UTF-8: rename it"))
                elif ending in endings:
                    ids.append(file)
                    labels.append(label)
                    splits.append(split)
                elif ending in not_read:
                    left_out.append(Skipped(path, f"{ending} {what} cannot be read: convert them"))
    rows = Rows(np.array(ids, object), np.array(labels, object), np.array(splits, object) if given else None)
    return Listing(rows, tuple(left_out))


def _folders(parent: Path) -> list[str]:
    with os.scandir(parent) as entries:
        return sorted(entry.name for entry in entries if os.path.isdir(entry.path) and not entry.name.startswith("."))


def _files(folder: str, root: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str | Skipped]:
    """Paths relative to `root` of the files in and below `folder`, by name; scandir knows what is a file without a look.

    above: device and inode of the folders on the way, so that a link to one of them is found out.
    """
    own = _identity(os.path.join(root, folder))
    if own in above:
        yield Skipped(os.path.join(root, folder), "is a link to a folder that it lies in")
        return
    with os.scandir(os.path.join(root, folder)) as entries:
        found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in found:
        path = os.path.join(folder, entry.name)
        if entry.is_symlink() and not os.path.exists(entry.path):
            yield Skipped(os.path.join(root, path), "is a link that leads nowhere")
        elif entry.is_dir():
            yield from _files(path, root, (*above, own))
        elif entry.is_file():
            yield path


def _identity(folder: str | Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")
