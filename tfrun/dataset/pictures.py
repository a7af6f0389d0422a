"""Is a file a picture? Decoded once, by the decoder that training uses."""

from __future__ import annotations

import hashlib

from tfrun.dataset import Skipped
from tfrun.dataset.folder import Examined

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
NOT_READ = (".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2")  # pictures that TensorFlow has no decoder for


def examine(path: str) -> Examined | Skipped:
    """Decodes one file."""
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
    return Examined(hashlib.sha256(contents).digest())


def _reason(error: Exception) -> str:
    text = str(error)
    text = text.partition("}} ")[2] or text
    return text.partition(" [Op:")[0].split("\n")[0][:120]
