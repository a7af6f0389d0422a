"""Categories of a table: one column a value that is frequent enough, one for all others; too many are hashed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tfrun.transform.layout import Block
from tfrun.transform.part import Part

_OTHER = "\ufffeother"  # stands for values without a column; no value is called so


class CategoryPart(Part):
    """string [n] to one-hot; '' (missing) is a value as any other. Index 0: other, 1 …: the vocabulary, most frequent first.

    least: rows that a value needs. most: with more values than that, FarmHash64 of the UTF-8 bytes modulo `bins` instead.
    """

    def __init__(self, spec, least: int, most: int, bins: int):
        super().__init__(spec)
        self._least, self._most, self._bins, self._counts = least, most, bins, Counter()

    def see(self, values):
        self._counts.update(values.tolist())

    def settle(self):
        import keras

        frequent = [
            (-count, value.decode("utf-8", errors="replace")) for value, count in self._counts.items() if count >= self._least
        ]
        vocabulary = [value for _, value in sorted(frequent)]
        name = self.spec.name
        self.numeric = (replace(self.spec, dtype="int32"),)
        if len(vocabulary) > self._most:
            self.fitted = {"bins": self._bins}
            self.layers = [keras.layers.Hashing(self._bins)]
            self.explained = {name: {"hash": "FarmHash64 fingerprint of the UTF-8 bytes, modulo bins", "bins": self._bins}}
        else:
            self.fitted = {"vocabulary": vocabulary}
            lookup = keras.layers.StringLookup(vocabulary=vocabulary, mask_token=None, oov_token=_OTHER) if vocabulary else None
            self.layers = [lookup] if lookup else []
            self.explained = {name: {"vocabulary": [None, *vocabulary], "note": "the index into this list; 0: any other value"}}
        self.blocks = [Block((name,), "category", self.values)]
        self._counts.clear()

    def to_numeric(self, raw):
        import tensorflow as tf

        if not self.layers:
            return {self.spec.name: tf.zeros(tf.shape(raw), tf.int32)}
        return {self.spec.name: tf.cast(self.layers[0](raw), tf.int32)}

    def encode(self, numeric):
        import tensorflow as tf

        return [tf.one_hot(numeric[self.spec.name], self.values)]

    @property
    def values(self) -> int:
        return self.fitted["bins"] if "bins" in self.fitted else len(self.fitted["vocabulary"]) + 1

    def index(self, numeric):
        return numeric[self.spec.name]
