"""Numbers of a table: standardised, or in buckets of equal shares; missing ones get the mean and a sign."""

from __future__ import annotations

import numpy as np

from tfrun.dataset import InputSpec
from tfrun.transform.layout import Block
from tfrun.transform.part import Part


class NumberPart(Part):
    """float32 [n], NaN where missing.

    standardise: (x - mean) / standard deviation, over the rows that have one; missing: 0, and 1 in a column of its own where
    training rows lack some too. buckets: above 0: one-hot of so many shares of equal size, and one for missing.
    """

    def __init__(self, spec, standardise: bool, buckets: int, taken=()):
        super().__init__(spec, taken)
        self._flag = self.made("missing")
        self._standardise, self._buckets = standardise, buckets
        self._count, self._mean, self._squares, self._lacks = 0, 0.0, 0.0, False

    def see(self, values):
        known = values[~np.isnan(values)].astype(np.float64)
        self._lacks |= len(known) < len(values)
        if not len(known):
            return
        # Chan, Golub & LeVeque, "Algorithms for Computing the Sample Variance", 1983: exact however rows are batched.
        count, mean = self._count + len(known), known.mean()
        gap = mean - self._mean
        self._squares += ((known - mean) ** 2).sum() + gap**2 * self._count * len(known) / count
        self._mean += gap * len(known) / count
        self._count = count
        if self._buckets:
            self._discretization.update_state(known.astype(np.float32))

    @property
    def _discretization(self):
        import keras

        if not self.layers:
            self.layers = [keras.layers.Discretization(num_bins=self._buckets, output_mode="int", dtype="float32")]
        return self.layers[0]

    def settle(self):
        import keras

        variance = self._squares / self._count if self._count else 0.0
        self._middle = float(np.float32(self._mean))
        self.fitted = {"mean": self._middle, "variance": float(np.float32(variance)) or 1.0, "lacks": bool(self._lacks)}
        name = (self.spec.name,)
        if self._lacks:
            self.numeric = (self.spec, InputSpec(self._flag, "float32", (), "number", column=self.spec.column))
            self.explained = {
                self.spec.name: {"note": f"{self._middle:.9g} where missing"}, self._flag: {"note": "1 where missing, else 0"},
            }  # fmt: skip
        if self._buckets and self._count:
            self._discretization.finalize_state()
            bounds = [float(bound) for bound in self._discretization.bin_boundaries]
            self.fitted["bounds"] = sorted(set(bounds))
            self.layers = [keras.layers.Discretization(bin_boundaries=self.fitted["bounds"], dtype="float32")]
        if self._standardise:
            mean, variance = self.fitted["mean"], self.fitted["variance"]
            self._norm = keras.layers.Normalization(axis=None, mean=mean, variance=variance, dtype="float32")
            self.layers = [*self.layers, self._norm]
            self.blocks.append(Block(name, "number", 1))
            self.blocks += [Block(name, "missing", 1)] if self._lacks else []
        if self.values:
            self.blocks.append(Block(name, "bucket", self.values))

    def to_numeric(self, raw):
        import tensorflow as tf

        missing = tf.not_equal(raw, raw)
        filled = tf.where(missing, tf.constant(self._middle, tf.float32), raw)
        return {self.spec.name: filled} | ({self._flag: tf.cast(missing, tf.float32)} if self._lacks else {})

    def encode(self, numeric):
        import tensorflow as tf

        columns = []
        if self._standardise:
            columns.append(self._norm(numeric[self.spec.name][:, None]))
            columns += [numeric[self._flag][:, None]] if self._lacks else []
        if self.values:
            columns.append(tf.one_hot(self.index(numeric), self.values))
        return columns

    @property
    def values(self) -> int:
        bounds = (self.fitted or {}).get("bounds")
        return 0 if bounds is None else len(bounds) + 1 + self._lacks

    def index(self, numeric):
        import tensorflow as tf

        bucket = tf.cast(self.layers[0](numeric[self.spec.name][:, None])[:, 0], tf.int32)
        return tf.where(numeric[self._flag] > 0.5, tf.constant(self.values - 1, tf.int32), bucket) if self._lacks else bucket
