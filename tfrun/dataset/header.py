"""What a picture file says of itself before its pixels: format, mode, which way is up, whether it moves."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

_ORIENTATION = 274  # EXIF 2.3, table 4: tag 0x0112
_MODES = {
    "1": "1-bit", "L": "grey", "LA": "grey with alpha", "P": "palette", "PA": "palette", "RGB": "RGB", "RGBA": "RGBA",
    "CMYK": "CMYK", "I": "16-bit", "I;16": "16-bit", "I;16B": "16-bit", "F": "float",
}  # fmt: skip
_SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP"))


@dataclass(frozen=True)
class Header:
    """format: JPEG, PNG, GIF, BMP, WEBP or ''. orientation: 1 … 8 as EXIF counts. moves: it has more than one frame."""

    format: str
    mode: str = "unknown"
    orientation: int = 1
    moves: bool = False


def read_header(contents: bytes) -> Header:
    """Never raises: what cannot be read is left to the decoder to refuse."""
    from PIL import Image

    kind = format_of(contents)
    if not kind:
        return Header("")
    try:
        with Image.open(io.BytesIO(contents), formats=[kind]) as image:
            mode = "16-bit" if kind == "PNG" and contents[24:25] == b"\x10" else _MODES.get(image.mode, image.mode)
            orientation = image.getexif().get(_ORIENTATION, 1)
            moves = getattr(image, "is_animated", False)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError):
        return Header(kind)
    return Header(kind, mode, orientation if orientation in range(1, 9) else 1, bool(moves))


def format_of(contents: bytes) -> str:
    """By the first bytes, whatever the file is called."""
    if contents[:4] == b"RIFF" and contents[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in _SIGNATURES if contents.startswith(start)), "")


def has_colour_table(contents: bytes) -> bool:
    """Is it a BMP with a palette that is not plain grey? TensorFlow takes its numbers of colours for grey levels.

    After the file header of 14 bytes: header size uint32, … bits a pixel uint16 at 28, colours used uint32 at 46.
    """
    if not contents.startswith(b"BM") or len(contents) < 54:
        return False
    size, bits, used = (*struct.unpack_from("<I", contents, 14), *struct.unpack_from("<H", contents, 28), contents[46:50])
    if size < 40 or bits > 8:
        return bits <= 8
    count = int.from_bytes(used, "little") or 2**bits
    table = contents[14 + size : 14 + size + 4 * count]
    ramp = b"".join(bytes((level, level, level)) for level in range(len(table) // 4))
    return b"".join(table[at : at + 3] for at in range(0, len(table) // 4 * 4, 4)) != ramp
