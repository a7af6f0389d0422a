"""How many different values: exact while they are few, then an estimate from the smallest hashes."""

from __future__ import annotations

import numpy as np

KEPT = 4096


class Distinct:
    """K minimum values (Bar-Yossef et al., RANDOM 2002; Beyer et al., SIGMOD 2007).

    Exact up to 4,095 values, then with a standard error of 1/√(k−2) = 1.6 %. The order of values cannot change the result.
    """

    def __init__(self) -> None:
        self.smallest = np.empty(0, np.uint64)

    def add(self, hashes: np.ndarray) -> None:
        """hashes: uint64 [n], evenly spread."""
        if len(self.smallest) == KEPT:
            hashes = hashes[hashes < self.smallest[-1]]
        if len(hashes):
            self.smallest = np.union1d(self.smallest, hashes)[:KEPT]

    def merge(self, other: Distinct) -> None:
        self.add(other.smallest)

    def __int__(self) -> int:
        if len(self.smallest) < KEPT:
            return len(self.smallest)
        return round((KEPT - 1) / ((float(self.smallest[-1]) + 1) / 2.0**64))
