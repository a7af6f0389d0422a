"""Crosses: a column for two values that come together, such as a carrier at an airport."""

from __future__ import annotations

import zlib
from itertools import product

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.transform.layout import Block
from tfrun.transform.part import Part

_MOST = 2**20  # combinations in the table that takes the place of a hash function


class Cross:
    """One-hot of the combination of several parts' indices, hashed (CRC-32) into `bins` where there are more.

    Which bin a combination has stands in a table, so that the graph needs no strings and no hash function.
    """

    def __init__(self, parts: list[Part], bins: int):
        self.parts, sizes = parts, [part.values for part in parts]
        self.names = tuple(part.spec.name for part in parts)
        count = int(np.prod(sizes))
        if count > _MOST:
            rule = f"has {count:,} combinations"
            raise RunError(
                Problem("transform.crosses", rule, "raise transform.min_count, or cross fewer columns", list(self.names))
            )
        self.size = min(count, bins)
        hashed = (zlib.crc32(repr(each).encode()) % bins for each in product(*map(range, sizes)))
        self._bins = np.arange(count, dtype=np.int32) if count <= bins else np.fromiter(hashed, np.int32, count)
        self.block = Block(self.names, "cross", self.size)

    def encode(self, numeric):
        """float32 [n, size]."""
        import tensorflow as tf

        place = self.parts[0].index(numeric)
        for part in self.parts[1:]:
            place = place * part.values + part.index(numeric)
        return tf.one_hot(tf.gather(tf.constant(self._bins), place), self.size)
