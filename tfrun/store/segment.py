"""A segment: rows that were computed together, in a folder that is never changed once it is there.

<segment>/digests.bin    uint8 [rows, 32], sha256 of each row's raw input
<segment>/features.bin   float32 [rows, ...]
<segment>/segment.json   shape, checksums, engine; its time of change is the time of last use
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrun.disk import sync_folder, write_synced

ABOUT = "segment.json"
SCRATCH = ".scratch-"


class Damaged(Exception):
    """A segment that cannot be used: its files are cut short, changed or not readable."""

    def __init__(self, path: Path, reason: str):
        super().__init__(f"{path}: {reason}")
        self.path = path


@dataclass(frozen=True, eq=False)
class Segment:
    """digests: uint8 [rows, 32]. features: float32 [rows, ...], memory-mapped. path: None where it is held in memory only."""

    digests: np.ndarray
    features: np.ndarray
    path: Path | None = None


_open: weakref.WeakSet[Segment] = weakref.WeakSet()


def in_use() -> set[Path]:
    """Folders of all segments that this process has mapped."""
    return {segment.path for segment in _open}


def write(parent: Path, digests: np.ndarray, features: np.ndarray, engine: str) -> Segment:
    """A new segment in `parent`, which appears at once and whole. Raises OSError where there is no room or no permission."""
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=parent))
    try:
        files = {"digests.bin": np.ascontiguousarray(digests), "features.bin": np.ascontiguousarray(features)}
        for name, values in files.items():
            write_synced(scratch / name, values.data)
        about = {
            "shape": list(features.shape), "engine": engine,
            "crc32": {name: zlib.crc32(values.data) for name, values in files.items()},
        }  # fmt: skip
        write_synced(scratch / ABOUT, json.dumps(about).encode())
        target = parent / scratch.name.removeprefix(SCRATCH)
        scratch.rename(target)
        sync_folder(parent)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    segment = Segment(digests, np.memmap(target / "features.bin", np.float32, "r", shape=features.shape), target)
    _open.add(segment)
    return segment


def read_digests(path: Path) -> np.ndarray:
    """uint8 [rows, 32]. Raises Damaged; FileNotFoundError where another process has removed the segment."""
    about = _about(path)
    digests = np.fromfile(path / "digests.bin", np.uint8)
    if digests.size != about["shape"][0] * 32 or zlib.crc32(digests.data) != about["crc32"]["digests.bin"]:
        raise Damaged(path, "digests.bin is not as it was written")
    return digests.reshape(-1, 32)


def read(path: Path, digests: np.ndarray) -> Segment:
    """Maps the features after a look at their checksum. Raises like `read_digests`."""
    about = _about(path)
    file, shape = path / "features.bin", tuple(about["shape"])
    if file.stat().st_size != int(np.prod(shape)) * 4:
        raise Damaged(path, "features.bin has been cut short")
    features = np.memmap(file, np.float32, "r", shape=shape)
    if zlib.crc32(features.data) != about["crc32"]["features.bin"]:
        raise Damaged(path, "features.bin is not as it was written")
    segment = Segment(digests, features, path)
    _open.add(segment)
    return segment


def _about(path: Path) -> dict:
    try:
        about = json.loads((path / ABOUT).read_bytes())
        return {"shape": [int(side) for side in about["shape"]], "crc32": dict(about["crc32"])}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(path, f"{ABOUT} cannot be read ({error})") from error
