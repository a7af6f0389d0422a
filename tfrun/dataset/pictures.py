"""Is a file a picture, and what is there to know of it? Decoded once, by the decoder that training uses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfrun.dataset.header import Header, has_colour_table, read_header
from tfrun.dataset.looks import looks
from tfrun.dataset.reading import NotReadable
from tfrun.dataset.upright import decode

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
NOT_READ = (".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2")  # pictures that TensorFlow has no decoder for


@dataclass(frozen=True, slots=True)
class Picture:
    """A sound one. digest: sha256 of the file. orientation: 1 … 8 as EXIF counts. moves: it has several frames.
    height, width: upright.
    """

    digest: bytes
    orientation: int
    moves: bool
    height: int
    width: int
    mode: str
    format: str
    brightness: float
    bytes: int
    dhash: int


def examine(contents: bytes) -> Picture:
    """contents: of a file, or of a field of a record. Decodes it. Raises NotReadable."""
    import tensorflow as tf

    if not contents:
        raise NotReadable("is empty (0 bytes)")
    header = read_header(contents)
    if has_colour_table(contents):
        raise NotReadable("is a BMP file with a palette, which TensorFlow shows in wrong colours: save it as PNG")
    if header.moves and header.format == "WEBP":  # some of them make TensorFlow 2.21 write beyond its memory
        raise NotReadable("is an animated WebP file, which TensorFlow cannot read: save its first frame as a still picture")
    try:
        image = tf.io.decode_image(tf.constant(contents), channels=3, expand_animations=False)
    except tf.errors.InvalidArgumentError as error:
        raise NotReadable(_refusal(contents, header, error)) from error
    pixels = np.asarray(memoryview(image))
    if not pixels.size:
        raise NotReadable("has no pixels")
    (brightness, dhash), (height, width) = looks(_turned(pixels, header.orientation)), pixels.shape[:2]
    if header.orientation >= 5:
        height, width = width, height
    return Picture(
        hashlib.sha256(contents).digest(), header.orientation, header.moves, height, width, header.mode, header.format, brightness,
        len(contents), dhash,
    )  # fmt: skip


def facts_of(pictures: Sequence[Picture]) -> dict[str, np.ndarray]:
    """For Split.facts: height and width in pixels, mode, format, brightness in [0, 1], bytes, dhash (uint64)."""

    def column(name: str, dtype) -> np.ndarray:
        return np.array([getattr(picture, name) for picture in pictures], dtype)

    numbers = {name: column(name, np.int64) for name in ("height", "width", "bytes")}
    words = {name: column(name, object) for name in ("mode", "format")}
    return {**numbers, **words, "brightness": column("brightness", np.float32), "dhash": column("dhash", np.uint64)}


def notes_on(names: Sequence[str], pictures: Sequence[Picture]) -> tuple[str, ...]:
    """For Data.notes: what is read otherwise than one may think. names: of the pictures, in their order."""
    moving = [name for name, picture in zip(names, pictures, strict=True) if picture.moves]
    turned = [name for name, picture in zip(names, pictures, strict=True) if picture.orientation != 1]
    said = []
    if moving:
        said.append(f"{len(moving)} pictures have several frames, of which the first is read, as of {moving[0]}")
    if turned:
        said.append(
            f"{len(turned)} pictures are turned upright as their EXIF tag says, as {turned[0]}: send upright pixels too"
        )
    return tuple(said)


def reader(contents: Callable, pictures: Sequence[Picture], channels: int) -> Callable:
    """`Split.read`: int64 row -> {"image": uint8 [height, width, channels]}, upright. contents: int64 row -> string scalar."""
    import tensorflow as tf

    orientations = np.array([picture.orientation for picture in pictures], np.int32)
    plain = bool((orientations == 1).all())

    def read(row):
        return {"image": decode(contents(row), None if plain else tf.gather(orientations, row), channels)}

    return read


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """As `upright`, of numpy, without a copy."""
    pixels = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels
    pixels = pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels
    return pixels[::-1] if orientation in (3, 4, 7, 8) else pixels


def _refusal(contents: bytes, header: Header, error: Exception) -> str:
    """What TensorFlow says is often about itself; the file says more."""
    if not header.format:
        return f"is no picture that can be decoded ({_reason(error)})"
    if header.format == "JPEG" and b"\xff\xd9" not in contents[-64:]:
        return "is a JPEG file without its end, as after a copy that broke off"
    if header.format == "BMP":
        return f"is a BMP file of a kind that TensorFlow cannot decode ({_reason(error)}): save it as PNG"
    return f"is a damaged or cut off {header.format} file ({_reason(error)})"


def _reason(error: Exception) -> str:
    text = str(error)
    text = text.partition("}} ")[2] or text
    return text.partition(" [Op:")[0].split("\n")[0][:120]
