"""Texts among a table's columns: the most frequent words, weighed by how rare they are."""

from __future__ import annotations

import numpy as np

from tfrun.dataset import InputSpec
from tfrun.transform.layout import Block
from tfrun.transform.part import Part


class TextPart(Part):
    """string [n] to tf-idf of at most `most` words, scaled to length 1 (Salton & Buckley, 1988)."""

    def __init__(self, spec, most: int, taken=()):
        import keras

        super().__init__(spec, taken)
        self.layers = [keras.layers.TextVectorization(max_tokens=most, output_mode="tf_idf")]
        self._any = False

    def see(self, values):
        import tensorflow as tf

        self.layers[0].update_state(tf.constant(values))
        self._any = True

    def settle(self):
        layer = self.layers[0]
        layer.finalize_state()
        words = [str(word) for word in layer.get_vocabulary()]
        weights = np.asarray(layer._lookup_layer.idf_weights)[: len(words)]
        self.fitted = {"words": words, "idf": [float(weight) for weight in weights]}
        self.numeric = (InputSpec(self.made("terms"), "float32", (len(words),), "number", column=self.spec.column),)
        self.blocks = [Block((self.spec.name,), "terms", len(words))]
        note = "counts of these words times idf, scaled to length 1; lower case, without punctuation; the first: any other word"
        self.explained = {self.made("terms"): {"words": words, "idf": self.fitted["idf"], "note": note}}

    def to_numeric(self, raw):
        import tensorflow as tf

        return {self.made("terms"): tf.math.l2_normalize(self.layers[0](raw), axis=1)}

    def encode(self, numeric):
        return [numeric[self.made("terms")]]
