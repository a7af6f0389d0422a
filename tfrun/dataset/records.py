"""TFRecord files with random access: one pass finds and checks all records, by which they are then read in any order.

A record is its length (uint64), a checksum of that, the contents, and their checksum, both masked CRC-32C
(tensorflow/core/lib/io/record_writer.h).
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfrun.dataset import Skipped
from tfrun.dataset.reading import changed
from tfrun.dataset.scratch import Scratch

_LENGTH, _AROUND, _CHUNK = struct.Struct("<QI"), 16, 2**22  # _AROUND: bytes of a record besides its contents
_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8


@dataclass(frozen=True, slots=True)
class Record:
    """number: in its file, from 0. offset: of the contents, in bytes."""

    number: int
    offset: int
    contents: bytes


class RecordFile:
    """One file. Compressed ones (`.gz`, `.gzip`, `.zlib`) are unpacked to `scratch`, since nothing can be found in them else.

    scratch_limit: bytes. called: what it is to people, where that is not its path. Raises OSError where there is nothing to read, RunError where there is no room.
    """

    def __init__(self, path: Path, scratch_limit: int, called: str = ""):
        self.path, self.called = path, called or str(path)
        self._file = path.open("rb")
        self._stamp = self._now()
        self._scratch, self._broken = None, ""
        if path.suffix in (".gz", ".gzip", ".zlib"):
            self._scratch = Scratch(scratch_limit, self.called)
            self._unpack()

    def scan(self) -> Iterator[Record | Skipped]:
        """All records in order, checked; damaged ones as Skipped, by file and number from 0."""
        import tensorflow as tf
        from tensorflow.python.lib.io.tf_record import tf_record_random_reader

        reader, offset, number = tf_record_random_reader(self._scratch.path if self._scratch else str(self.path)), 0, 0
        while True:
            try:
                contents, after = reader.read(offset)
                yield Record(number, offset + _LENGTH.size, contents)
            except IndexError:
                break
            except tf.errors.DataLossError:
                length = self._length(offset)
                if length is None and self._broken:
                    break
                if length is None:
                    yield Skipped(
                        self.name(number),
                        "is damaged, and so are all records after it: the file is cut off or no TFRecord file",
                    )
                    return
                yield Skipped(self.name(number), "is damaged: its checksum does not fit")
                after = offset + _AROUND + length
            offset, number = after, number + 1
        if self._broken:
            yield Skipped(self.name(number), f"cannot be unpacked, nor can what follows ({self._broken})")

    def name(self, number: int) -> str:
        return f"{self.called}, record {number}"

    def read(self, offset: int, length: int) -> bytes:
        """Contents of a record. Raises RunError where the file was written to meanwhile."""
        if self._scratch:
            return self._scratch.read(offset, length)
        if self._now() != self._stamp:
            raise changed(self.called)
        return os.pread(self._file.fileno(), length, offset)

    def _now(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def _length(self, offset: int) -> int | None:
        """Of the record there; None where that itself is damaged, or it goes beyond the end."""
        start = (
            self._scratch.read(offset, _LENGTH.size) if self._scratch else os.pread(self._file.fileno(), _LENGTH.size, offset)
        )
        if len(start) < _LENGTH.size:
            return None
        length, checksum = _LENGTH.unpack(start)
        size = os.stat(self._scratch.path if self._scratch else self.path).st_size
        return length if checksum == _masked(start[:8]) and offset + _AROUND + length <= size else None

    def _unpack(self) -> None:
        packed = gzip.GzipFile(fileobj=self._file) if self.path.suffix != ".zlib" else _Inflated(self._file)
        try:
            while chunk := packed.read1(_CHUNK):
                self._scratch.append(chunk)
        except (OSError, EOFError, zlib.error) as error:
            self._broken = str(error)
        self._scratch.finish()


class _Inflated:
    """What `gzip.GzipFile` is for gzip, for zlib."""

    def __init__(self, file):
        self._file, self._state = file, zlib.decompressobj()

    def read1(self, size: int) -> bytes:
        while packed := self._file.read(size):
            if out := self._state.decompress(packed):
                return out
        if not self._state.eof:
            raise EOFError("it ends before its end mark")
        return self._state.flush()


def _masked(data: bytes) -> int:
    """Of a few bytes only: bit by bit."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + _MASK) & 0xFFFFFFFF
