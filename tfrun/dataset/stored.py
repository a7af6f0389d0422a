"""Arrays in npz and npy files: what there is by its headers, and the arrays, mapped into memory where the file allows it."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from tfrun.config.problems import Problem, RunError

_LOCAL = struct.Struct("<4s5H3I2H")  # of a zip member (APPNOTE 4.3.7); the last two are lengths of what follows it
_KEY = "dataset.path"


class Stored:
    """A .npz file, or a folder of .npy files. Pickled objects are never loaded.

    `names`: of the arrays. `shape`, `dtype`: by name, without reading values. Raises RunError where a header is none.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._places = {name: self._look(name) for name in self._members()}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(
                Problem(_KEY, f"cannot be read ({error})", "write it with numpy.savez or numpy.save", path)
            ) from error

    @property
    def names(self) -> list[str]:
        return list(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._places[name][0]

    def dtype(self, name: str) -> np.dtype:
        return self._places[name][1]

    def array(self, name: str) -> np.ndarray:
        """Mapped, not read, unless it is compressed. Raises RunError for objects, and for a file that is cut off."""
        shape, dtype, order, file, offset = self._places[name]
        if dtype.hasobject:
            rule = f"'{name}' holds Python objects, which are never loaded: they could run code"
            raise RunError(Problem(_KEY, rule, f"save it with a dtype of its own: np.asarray({name}, 'int64'), …", self.path))
        try:
            if offset is not None and np.prod(shape):
                return np.memmap(file, dtype, "r", offset, shape, order)
            with self._opened(name) as stream:
                return npy.read_array(stream, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            rule = f"'{name}' cannot be read ({error})"
            raise RunError(Problem(_KEY, rule, "the file is cut off or damaged: write it anew", self.path)) from error

    def _members(self) -> list[str]:
        if self.path.is_dir():
            return sorted(file.stem for file in self.path.glob("*.npy"))
        with zipfile.ZipFile(self.path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]

    @contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO]:
        if self.path.is_dir():
            with (self.path / f"{name}.npy").open("rb") as stream:
                yield stream
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{name}.npy") as stream:
                yield stream

    def _look(self, name: str) -> tuple[tuple[int, ...], np.dtype, str, Path, int | None]:
        """Shape, dtype, order, file, and where in it the values begin; None: they have to be unpacked."""
        with self._opened(name) as stream:
            version = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(stream)
            header = stream.tell()
        file = self.path / f"{name}.npy" if self.path.is_dir() else self.path
        start = 0 if self.path.is_dir() else self._start(name)
        return shape, dtype, "F" if fortran else "C", file, None if start is None else start + header

    def _start(self, name: str) -> int | None:
        with zipfile.ZipFile(self.path) as archive, self.path.open("rb") as file:
            member = archive.getinfo(f"{name}.npy")
            if member.compress_type != zipfile.ZIP_STORED:
                return None
            file.seek(member.header_offset)
            *_, named, extra = _LOCAL.unpack(file.read(_LOCAL.size))
            return member.header_offset + _LOCAL.size + named + extra
