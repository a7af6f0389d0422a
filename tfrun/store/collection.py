"""A collection: all rows that went through the same transform, augmented view, backbone and engine, in segments.

<store>/features/<key>/about.json      what it is, for people
<store>/features/<key>/<segment>/      see segment.py
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrun.store import segment as segments
from tfrun.store.lock import locked
from tfrun.store.segment import Damaged, Segment

DAMAGED = ".damaged-"
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """Where rows are. part: int32 [rows], number of the segment, -1 where a row is in none; offset: int64 [rows] in it."""

    segments: tuple[Segment, ...]
    part: np.ndarray
    offset: np.ndarray


class Collection:
    """root: folder of the store, or None to keep nothing. about: what a person is told. warn: told what went wrong."""

    def __init__(self, root: Path | None, key: str, about: dict, warn: Warn):
        self.root, self.key, self.about, self.warn = root, key, about, warn
        self._unusable: set[Path] = set()

    @property
    def folder(self) -> Path:
        return self.root / "features" / self.key

    def find(self, digests: np.ndarray) -> Found:
        """digests: uint8 [rows, 32]. Damaged segments are set aside, and what they held is not found."""
        while True:
            stored = self._stored()
            part, offset = match([there for _, there in stored], digests)
            used = np.unique(part[part >= 0])
            try:
                opened = [segments.read(*stored[number]) for number in used]
            except (Damaged, FileNotFoundError) as problem:
                self._leave_out(problem)
                continue
            for segment in opened:
                with suppress(OSError):  # a store that is shared read-only has no time of last use
                    os.utime(segment.path / segments.ABOUT)
            numbers = np.full(len(stored) + 1, -1, np.int32)  # the last one is for -1
            numbers[used] = np.arange(len(used))
            return Found(tuple(opened), numbers[part], offset)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone: another process that wants the same rows waits, and then finds them."""
        if self.root is None:
            yield
            return
        told = f"features {self.key}: waiting for another process that computes them"
        with locked(self.root, self.key, lambda: self.warn(told)) as alone:
            if alone:
                for scratch in self._folders(segments.SCRATCH):  # of a process that was killed
                    shutil.rmtree(scratch, ignore_errors=True)
            yield

    def add(self, digests: np.ndarray, features: np.ndarray, engine: str) -> Segment:
        """Keeps rows; in memory only where they cannot be written."""
        if self.root is not None:
            try:
                if not (self.folder / "about.json").exists():
                    self.folder.mkdir(parents=True, exist_ok=True)
                    (self.folder / "about.json").write_text(json.dumps(self.about))
                return segments.write(self.folder, digests, features, engine)
            except OSError as error:
                self.warn(f"the feature store {self.root} cannot be written ({error.strerror}): features are held in memory")
                self.root = None
        return Segment(digests, features)

    def _folders(self, prefix: str = "") -> list[Path]:
        """Segments, or folders of another kind by their prefix; none where the store is not there."""
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir())
        except OSError:
            return []
        return [self.folder / name for name in names if (name.startswith(prefix) if prefix else not name.startswith("."))]

    def _stored(self) -> list[tuple[Path, np.ndarray]]:
        stored = []
        for path in self._folders() if self.root is not None else []:
            if path not in self._unusable:
                try:
                    stored.append((path, segments.read_digests(path)))
                except (Damaged, FileNotFoundError) as problem:
                    self._leave_out(problem)
        return stored

    def _leave_out(self, problem: Damaged | FileNotFoundError) -> None:
        """A folder without its files is damaged; one that is gone was removed to make room."""
        path = problem.path if isinstance(problem, Damaged) else Path(problem.filename).parent
        self._unusable.add(path)
        if path.exists():
            self.warn(f"feature store: a damaged segment is set aside and its rows are computed anew ({problem})")
            with suppress(OSError):  # cannot be renamed: left where it is, and out of this run
                path.rename(path.with_name(DAMAGED + path.name))


def match(stored: list[np.ndarray], wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """stored: uint8 [rows, 32] of each segment. Returns part (int32, -1: nowhere) and offset (int64) of each wanted row."""
    part, offset = np.full(len(wanted), -1, np.int32), np.zeros(len(wanted), np.int64)
    sizes = [len(digests) for digests in stored]
    if not sum(sizes) or not len(wanted):
        return part, offset
    every = as_strings(np.concatenate(stored))
    order = np.argsort(every, kind="stable")
    places = order[np.minimum(np.searchsorted(every, as_strings(wanted), sorter=order), len(every) - 1)]
    hits = every[places] == as_strings(wanted)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    numbers = np.searchsorted(starts, places, side="right") - 1
    part[hits], offset[hits] = numbers[hits], (places - starts[numbers])[hits]
    return part, offset


def as_strings(digests: np.ndarray) -> np.ndarray:
    """uint8 [rows, 32] as [rows] values that can be sorted. Trailing zeros are ignored, which keeps digests apart all the same."""
    return np.ascontiguousarray(digests).view("S32").reshape(-1)
