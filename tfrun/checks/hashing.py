"""64-bit hashes of values, the same on every machine and in every process."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def mixed(bits: np.ndarray) -> np.ndarray:
    """uint64 [n] -> uint64 [n], evenly spread: the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def hashed(values: list[str] | list[bytes]) -> np.ndarray:
    """uint64 [n]: the first 8 bytes of BLAKE2b of each value."""
    digests = (blake2b(value.encode() if isinstance(value, str) else value, digest_size=8).digest() for value in values)
    return np.frombuffer(b"".join(digests), "<u8")
