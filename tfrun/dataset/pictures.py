"""Is each file a picture? Decoded once, in parallel, by the decoder that training uses."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

from tfrun.dataset import Skipped

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
NOT_READ = (".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2")  # pictures that TensorFlow has no decoder for


def examine(paths: list[str]) -> tuple[list[bytes | None], list[Skipped]]:
    """Decodes every file.

    Returns the sha256 of each file's bytes (None where it is no picture) and what is wrong with those.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = list(pool.map(_examine_one, paths))
    digests = [result if isinstance(result, bytes) else None for result in results]
    return digests, [result for result in results if isinstance(result, Skipped)]


def _examine_one(path: str) -> bytes | Skipped:
    import tensorflow as tf

    try:
        with open(path, "rb") as file:
            contents = file.read()
    except OSError as error:
        return Skipped(path, f"cannot be read ({error.strerror})")
    if not contents:
        return Skipped(path, "is empty (0 bytes)")
    try:
        image = tf.io.decode_image(contents, channels=3, expand_animations=False)
    except tf.errors.InvalidArgumentError as error:
        return Skipped(path, f"is no picture that can be decoded ({_reason(error)})")
    if 0 in image.shape:
        return Skipped(path, "has no pixels")
    return hashlib.sha256(contents).digest()


def _reason(error: Exception) -> str:
    text = str(error)
    text = text.partition("}} ")[2] or text
    return text.partition(" [Op:")[0].split("\n")[0][:120]
