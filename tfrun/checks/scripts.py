"""In which script texts are written, by Unicode blocks (Unicode 16, Blocks.txt; one block can hold letters of one script only)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LOOKED_AT = 1000  # characters of each text
_BLOCKS = [  # first code point, script from there on; None: signs that belong to none
    (0x0, None), (0x41, "Latin"), (0x5B, None), (0x61, "Latin"), (0x7B, None), (0xC0, "Latin"), (0x250, "Latin"), (0x2B0, None),
    (0x370, "Greek"), (0x400, "Cyrillic"), (0x530, "Armenian"), (0x590, "Hebrew"), (0x600, "Arabic"), (0x700, "other"),
    (0x900, "Devanagari"), (0x980, "Bengali"), (0xA00, "other"), (0xB80, "Tamil"), (0xC00, "other"), (0xE00, "Thai"),
    (0xE80, "other"), (0x10A0, "Georgian"), (0x1100, "Hangul"), (0x1200, "Ethiopic"), (0x13A0, "other"), (0x1E00, "Latin"),
    (0x1F00, "Greek"), (0x2000, None), (0x2C00, "other"), (0x2DE0, "Cyrillic"), (0x2E00, None), (0x2E80, "Han"), (0x3000, None),
    (0x3040, "Kana"), (0x3100, "other"), (0x3130, "Hangul"), (0x3190, "other"), (0x31F0, "Kana"), (0x3200, None), (0x3400, "Han"),
    (0xA000, "other"), (0xAC00, "Hangul"), (0xD800, None), (0xF900, "Han"), (0xFB00, "other"), (0xFB50, "Arabic"), (0xFE00, None),
    (0xFE70, "Arabic"), (0xFF00, None), (0xFF66, "Kana"), (0xFFA0, "Hangul"), (0xFFE0, None), (0x10000, "other"),
    (0x1F000, "emoji"), (0x1FB00, None), (0x20000, "Han"), (0x323B0, None),
]  # fmt: skip
_STARTS = np.array([start for start, _ in _BLOCKS])
_NAMES = [*sorted({name for _, name in _BLOCKS if name}), "no letters"]
_NUMBERS = np.array([_NAMES.index(name) if name else len(_NAMES) - 1 for _, name in _BLOCKS])


def scripts(texts: pa.Array, counts: np.ndarray) -> Counter[str]:
    """Rows by the script of most letters of their text. counts: int64, rows of each text. Japanese counts as Han or Kana."""
    found: Counter[str] = Counter()
    plain = np.asarray(pc.match_substring_regex(texts, r"^[\x00-\x7F]*[A-Za-z][\x00-\x7F]*$"))
    found["Latin"] += int(counts[plain].sum())
    others = np.flatnonzero(~plain)
    for number, rows in zip(_most(texts.take(pa.array(others))), counts[others].tolist()):
        found[_NAMES[number]] += rows
    return +found


def _most(texts: pa.Array) -> list[int]:
    """The number of the script of most letters of each text."""
    cut = pc.utf8_slice_codeunits(texts, 0, _LOOKED_AT)
    lengths = np.asarray(pc.utf8_length(cut)).astype(np.int64)
    points = np.frombuffer("".join(cut.to_pylist()).encode("utf-32-le", "surrogatepass"), "<u4")
    letters = _NUMBERS[np.searchsorted(_STARTS, points, side="right") - 1]
    table = np.zeros((len(lengths), len(_NAMES)), np.int64)
    np.add.at(table, (np.repeat(np.arange(len(lengths)), lengths), letters), 1)
    table[:, -1] = 0  # signs decide only where there is nothing else
    return np.where(table.any(axis=1), table.argmax(axis=1), len(_NAMES) - 1).tolist()
