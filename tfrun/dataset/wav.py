"""WAV files: what is in them, as float32, and what is wrong with them.

Format: IBM & Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991; extensible formats and their
sub-formats: Microsoft, "Multiple Channel Audio Data and WAVE Files", 2007.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from tfrun.dataset.reading import NotReadable

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_LENGTH = 0xFFFFFFFF  # what writers put that cannot go back, as into a pipe
_LOUDEST_FLOAT = 16.0  # 24 dB above full scale: beyond, they are no samples in [-1, 1]
_RATES = (1, 768_000)
_OTHER_FORMATS = {
    b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3", b"FORM": "AIFF", b"caff": "CAF", b"RF64": "RF64",
    b"RIFX": "big-endian RIFX", b".snd": "AU", b"\x1aE\xdf\xa3": "Matroska or WebM",
}  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """samples: float32 [samples, channels] in [-1, 1] for integers; floats as they are. rate: samples a second."""

    samples: np.ndarray
    rate: int


def decode(content: bytes) -> Sound:
    """content: of a whole file: integers of 8, 16, 24 or 32 bits, or floats of 32 or 64. Raises NotReadable."""
    if not content:
        raise NotReadable("is empty (0 bytes)")
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NotReadable(f"is no WAV file{_what_else(content)}")
    form, data = _chunks(content)
    kind, channels, rate, frame, bits = _form(form)
    if frame != channels * bits // 8:
        raise NotReadable(f"says that {channels} samples of {bits} bits take {frame} bytes")
    if not len(data) // frame:
        raise NotReadable("has no samples")
    samples = _numbers(data[: len(data) // frame * frame], kind, bits).reshape(-1, channels)
    if kind == _FLOAT:
        if not np.isfinite(samples).all():
            raise NotReadable("holds NaN or infinity")
        peak = float(np.abs(samples).max())
        if peak > _LOUDEST_FLOAT:
            raise NotReadable(f"holds floats up to {peak:.6g}, where full scale is 1")
    return Sound(samples, rate)


def _chunks(content: bytes) -> tuple[bytes, memoryview]:
    """The format chunk and the samples."""
    form, at = None, 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        begin, end = at + 8, at + 8 + size
        if name == b"data":
            if form is None:
                raise NotReadable("has samples before it says what they are")
            if end > len(content) and size != _UNKNOWN_LENGTH:
                raise NotReadable(f"is cut short: it has {len(content) - begin:,} of {size:,} bytes of samples")
            return form, memoryview(content)[begin : min(end, len(content))]
        if name == b"fmt ":
            form = content[begin:end]
        at = end + size % 2  # chunks begin at even places
    raise NotReadable("is cut short: it ends before its samples begin")


def _form(form: bytes) -> tuple[int, int, int, int, int]:
    """Format (PCM or float), channels, rate, bytes of a frame, bits of a sample."""
    if len(form) < 16:
        raise NotReadable("is cut short: its format takes less than 16 bytes")
    kind, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    if (kind, bits) not in [*((_PCM, bits) for bits in (8, 16, 24, 32)), (_FLOAT, 32), (_FLOAT, 64)]:
        raise NotReadable(f"has samples of format {kind:#06x} with {bits} bits: convert it to 16-bit PCM")
    if not channels:
        raise NotReadable("says that it has no channels")
    if not _RATES[0] <= rate <= _RATES[1]:
        raise NotReadable(f"says that its rate is {rate:,} Hz")
    return kind, channels, rate, frame, bits


def _numbers(data: memoryview, kind: int, bits: int) -> np.ndarray:
    """float32 [n]."""
    if kind == _FLOAT:
        return np.frombuffer(data, f"<f{bits // 8}").astype(np.float32)
    if bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128  # the only unsigned ones
    if bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return (wide.view("<i4")[:, 0] / 2**31).astype(np.float32)
    return (np.frombuffer(data, f"<i{bits // 8}") / 2 ** (bits - 1)).astype(np.float32)


def _what_else(content: bytes) -> str:
    known = [name for start, name in _OTHER_FORMATS.items() if content.startswith(start)]
    return f" (it looks like {known[0]}): convert it" if known else ""
