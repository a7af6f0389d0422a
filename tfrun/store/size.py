"""Sizes and ages as people write them: `10 GB`, `30d`."""

from __future__ import annotations

import re

_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def in_bytes(text: str) -> int:
    """`10 GB` (powers of ten), `10 GiB` (powers of two), `500000`. Raises ValueError for anything else."""
    return _read(text, _BYTES, "a size, like 10 GB")


def in_seconds(text: str) -> int:
    """`90s`, `15m`, `12h`, `30d`, `2w`. Raises ValueError for anything else."""
    return _read(text, _SECONDS, "an age, like 12h or 30d")


def shown(size: int) -> str:
    """size: bytes. In the largest unit of which there is at least one, with three digits."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size >= _BYTES[unit.lower()]:
            return f"{size / _BYTES[unit.lower()]:.3g} {unit}"
    return f"{size} B"


def _read(text: str, units: dict[str, int], kind: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if not match or match[2].lower() not in units:
        raise ValueError(f"must be {kind}")
    return int(float(match[1]) * units[match[2].lower()])
