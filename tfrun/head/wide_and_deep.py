"""A linear layer on the sparse columns beside hidden layers on the dense ones."""

from __future__ import annotations

from typing import ClassVar

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.head import _dropout
from tfrun.head.mlp import Mlp


class WideAndDeep(Mlp):
    """Logits of a linear layer plus those of a perceptron (Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016).

    Wide: one-hot categories, buckets, words and crosses. Deep: numbers, and an embedding of each category or text. Unlike in
    the paper, both are trained by the same optimizer.
    """

    reads_columns: ClassVar[bool] = True
    embedding: int = setting(8, "numbers that stand for a category in the deep part; 0: it sees no categories", ge=0, le=1024)

    def build_on(self, columns, feature_shape, classes, seed):
        import keras

        wide = [at for block in columns if block.wide for at in block.columns]
        deep = [at for block in columns if block.deep for at in block.columns]
        embedded = [block for block in columns if block.embedded and self.embedding]
        features = keras.Input(feature_shape, name="features")
        logits = []
        if wide:
            logits.append(self._dense(classes, seed, "wide")(_picked(wide)(features)))
        parts = [_picked(deep)(features)] if deep else []
        for number, block in enumerate(embedded):
            width = min(self.embedding, block.size)
            layer = keras.layers.Dense(
                width, use_bias=False, name=f"embedding_{number}",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.05, seed=seed + 100 + number),
            )  # fmt: skip
            parts.append(layer(_picked(block.columns)(features)))
        if parts:
            hidden = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
            for layer in self._hidden(seed):
                hidden = layer(hidden)
            hidden = _dropout(self.dropout, seed)(hidden) if self.dropout else hidden
            logits.append(self._dense(classes, seed, "logits")(hidden))
        return keras.Model(features, keras.layers.Add()(logits) if len(logits) > 1 else logits[0], name="head")

    def build(self, feature_shape, classes, seed):
        raise RunError(Problem("head", "needs the columns of a table", "use dataset=csv and backbone=none", "wide_and_deep"))


def _picked(places: list[int]):
    """A layer that picks columns of [rows, columns]."""
    from tfrun.head.columns import Columns

    return Columns(places)
