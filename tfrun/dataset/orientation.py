"""Which way is up in an encoded picture, read in a TensorFlow graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_LOOKED_AT = 1 << 17  # bytes: an EXIF block is at most 64 KB long, and stands before the pixels, in WebP after them
_TAG = 274  # EXIF 2.3, table 4: orientation, one uint16
_EXIF = b"Exif\0\0"  # stands before the block in JPEG, and in some WebP files


def orientation_of(contents: tf.Tensor) -> tf.Tensor:
    """contents: string scalar, a picture file. int32 scalar, 1 … 8 as EXIF counts; 1 where the file does not say.

    The block is a TIFF header: byte order, the place of the first directory, there a count and as many entries of 12 bytes
    (TIFF 6.0, section 2). Each format has a mark before it: JPEG "Exif", two zeros; PNG the chunk eXIf; WebP the chunk EXIF
    with its size.
    """
    import tensorflow as tf

    upright = tf.constant(1, tf.int32)
    start, size = tf.strings.substr(contents, 0, 12), tf.strings.length(contents)

    def begins(mark: bytes) -> tf.Tensor:
        return tf.strings.substr(start, 0, len(mark)) == tf.constant(mark)

    head = tf.strings.substr(contents, 0, _LOOKED_AT)
    tail = tf.strings.substr(contents, tf.maximum(size - _LOOKED_AT, 0), _LOOKED_AT)
    cases = [
        (begins(b"\xff\xd8\xff"), lambda: _after(head, _EXIF, 0)),
        (begins(b"\x89PNG"), lambda: _after(head, b"eXIf", 0)),
        (begins(b"RIFF"), lambda: _after(tail, b"EXIF", 4)),
    ]
    return tf.case(cases, default=lambda: upright, exclusive=True)


def _bytes(text: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.cast(tf.io.decode_raw(text, tf.uint8), tf.int32)


def _after(text: tf.Tensor, mark: bytes, skipped: int) -> tf.Tensor:
    """The orientation in the block that stands `skipped` bytes behind the mark."""
    import tensorflow as tf

    given = _bytes(text)
    padded = tf.pad(given, [[0, 64]])
    found = tf.ones_like(given, tf.bool)
    for place, byte in enumerate(mark):
        found &= padded[place : place + tf.size(given)] == byte
    block = padded[tf.argmax(found, output_type=tf.int32) + len(mark) + skipped :]
    named = tf.reduce_all(block[: len(_EXIF)] == tf.constant(list(_EXIF), tf.int32))
    block = tf.cond(named, lambda: block[len(_EXIF) :], lambda: block)
    return tf.where(tf.reduce_any(found), _in_tiff(block), 1)


def _in_tiff(block: tf.Tensor) -> tf.Tensor:
    """block: int32 [n] bytes, at least 32 of them."""
    import tensorflow as tf

    little = tf.reduce_all(block[:4] == tf.constant(list(b"II*\0"), tf.int32))
    big = tf.reduce_all(block[:4] == tf.constant(list(b"MM\0*"), tf.int32))

    def number(of: tf.Tensor, *places: int) -> tf.Tensor:
        """places: of its bytes, the least significant first, as little-endian files have them."""
        value = sum(of[..., place] * 256**power for power, place in enumerate(places))
        reverse = sum(of[..., place] * 256**power for power, place in enumerate(reversed(places)))
        return tf.where(little, value, reverse)

    directory = tf.clip_by_value(number(block, 4, 5, 6, 7), 8, tf.size(block) - 2)
    count = tf.minimum(number(block[directory : directory + 2], 0, 1), (tf.size(block) - directory - 2) // 12)
    entries = tf.reshape(block[directory + 2 : directory + 2 + 12 * count], [-1, 12])
    value = tf.reduce_max(tf.where(number(entries, 0, 1) == _TAG, number(entries, 8, 9), 0), keepdims=True)[0]
    return tf.where((little | big) & (value >= 1) & (value <= 8), value, 1)
