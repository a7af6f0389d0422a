"""Reading a file whole, or saying why it cannot be read."""

from __future__ import annotations

import os
from typing import BinaryIO


class NotReadable(ValueError):
    """What is wrong with a file, in words that follow its name."""


def read_whole(file: BinaryIO) -> bytes:
    """All bytes of an open file. Raises NotReadable where it changes meanwhile."""
    before = os.fstat(file.fileno())
    content = file.read()
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise NotReadable("changed while it was read")
    return content


def content_of(path: str) -> bytes:
    """Raises NotReadable."""
    try:
        with open(path, "rb") as file:
            return read_whole(file)
    except OSError as error:
        raise NotReadable(f"cannot be read ({error.strerror})") from error
