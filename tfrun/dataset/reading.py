"""Reading a file whole: while it is examined, and again in a graph, where it must still be what was examined."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import BinaryIO

from tfrun.config.problems import Problem, RunError

_FINGERPRINTS = 2**63 - 1


class NotReadable(ValueError):
    """What is wrong with a file, in words that follow its name."""


def changed(name: str) -> RunError:
    """Of an input that is no longer what was checked. Raised within a graph, it reaches the user by `explained`."""
    return RunError(
        Problem(name, "changed after it was checked", "let nothing write to the data during a run, and start again")
    )


def content_of(path: str) -> bytes:
    """Raises NotReadable."""
    try:
        with open(path, "rb") as file:
            return read_whole(file)
    except OSError as error:
        raise NotReadable(f"cannot be read ({error.strerror})") from error


def read_whole(file: BinaryIO) -> bytes:
    """All bytes of an open file. Raises NotReadable where it changes meanwhile."""
    before = os.fstat(file.fileno())
    content = file.read()
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise NotReadable("changed while it was read")
    return content


def fingerprint(content: bytes) -> int:
    """A hash (FarmHash64) that a graph can make too."""
    import tensorflow as tf

    return int(tf.strings.to_hash_bucket_fast(tf.constant(content), _FINGERPRINTS))


def contents(paths: Sequence[str], fingerprints: Sequence[int]) -> Callable:
    """int64 row -> string scalar, the file's bytes, read in the graph. One that is no longer what it was is `changed`."""
    import tensorflow as tf

    files, expected = tf.constant(list(paths)), tf.constant(list(fingerprints), tf.int64)

    def refuse(name: bytes):
        raise changed(name.decode())

    def read(row):
        name = tf.gather(files, row)
        content = tf.io.read_file(name)
        same = tf.strings.to_hash_bucket_fast(content, _FINGERPRINTS) == tf.gather(expected, row)
        refused = lambda: tf.ensure_shape(tf.numpy_function(refuse, [name], tf.string, stateful=False), [])  # noqa: E731
        return tf.cond(same, lambda: content, refused)

    return read
