"""What is to be said of the strings or bytes of a column."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.checks.distinct import Distinct
from tfrun.checks.frequencies import LONGEST, Frequencies
from tfrun.checks.numbers import Numbers
from tfrun.checks.scripts import scripts


class Strings:
    """bytes, characters, words: lengths of values; scripts: values by the script of most of their letters.

    Words and scripts are found for `text` columns only.
    """

    def __init__(self, text: bool = False) -> None:
        self.text = text
        self.count = self.size = self.empty = self.shortest = self.longest = 0
        self.characters, self.words = Numbers(), Numbers()
        self.scripts: Counter[str] = Counter()
        self.distinct = Distinct()
        self.frequencies = Frequencies()

    def add(self, values: pa.Array, hashes: np.ndarray, counts: np.ndarray) -> None:
        """values: strings or binary, different from each other; hashes: uint64, counts: int64, of each of them."""
        readable = not pa.types.is_large_binary(values.type)
        sizes = np.asarray(pc.binary_length(values)).astype(np.int64)
        self._sizes(sizes, counts)
        self.distinct.add(hashes)
        if not readable:
            return
        characters = np.asarray(pc.utf8_length(values)).astype(np.float64)
        self.characters.add(characters, counts)
        self.frequencies.add(names(values, hashes, characters), counts.tolist())
        if self.text:
            self.words.add(np.asarray(pc.count_substring_regex(values, r"\S+")).astype(np.float64), counts)
            self.scripts.update(scripts(values, counts))

    def merge(self, other: Strings) -> None:
        if other.count:
            self.shortest = min(self.shortest, other.shortest) if self.count else other.shortest
        self.longest = max(self.longest, other.longest)
        self.count, self.size, self.empty = self.count + other.count, self.size + other.size, self.empty + other.empty
        self.scripts.update(other.scripts)
        for name in ("characters", "words", "distinct", "frequencies"):
            getattr(self, name).merge(getattr(other, name))

    def _sizes(self, sizes: np.ndarray, counts: np.ndarray) -> None:
        self.shortest = int(sizes.min()) if not self.count else min(self.shortest, int(sizes.min()))
        self.longest = max(self.longest, int(sizes.max()))
        self.count += int(counts.sum())
        self.size += int(sizes @ counts)
        self.empty += int(counts[sizes == 0].sum())


def names(values: pa.Array, hashes: np.ndarray, characters: np.ndarray) -> list[str]:
    """What each value is called: itself, or its beginning and its hash where it is long."""
    if characters.max() <= LONGEST:
        return values.to_pylist()
    beginnings = pc.utf8_slice_codeunits(values, 0, LONGEST).to_pylist()
    long = characters > LONGEST
    return [f"{name}… #{code:016x}" if cut else name for name, code, cut in zip(beginnings, hashes.tolist(), long.tolist())]
