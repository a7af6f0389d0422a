"""Texts as they are, for modules that take strings, or as weighted counts of their words."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np

from tfrun.backbone.none import NoBackbone
from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.transform import Transform

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data, Split

_NO_WORD = r"[^\p{L}\p{N}\p{M}_']+"  # letters, digits and marks of every script, as RE2 calls them
_CONTROL = r"[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+"


class Text(Transform):
    """Strings [batch] to strings [batch], or to float32 [batch, words]: one column a word or phrase of the training texts.

    tf_idf: counts times log(1 + texts / (1 + texts with the word)), as keras.layers.TextVectorization has it (after Spärck
    Jones, 1972), each row scaled to length 1. multi_hot: 1 where the word is there.
    """

    kinds = ("text",)

    mode: Literal["auto", "strings", "tf_idf", "multi_hot"] = setting(
        "auto", "strings: as text modules take them; auto: that, and tf_idf with backbone=none"
    )
    clean: bool = setting(False, "first replace what is no UTF-8, and make all white space and control characters one space")
    max_tokens: int = setting(
        5000, "most words or phrases, the most frequent first; each is a column of every row", ge=1, le=1_000_000
    )
    ngrams: int = setting(1, "longest phrase that counts like a word", unit="words", ge=1, le=5)

    def build(self, data: Data, backbone: Backbone):
        (text,) = data.inputs
        mode = ("tf_idf" if isinstance(backbone, NoBackbone) else "strings") if self.mode == "auto" else self.mode
        if mode != "strings":
            return self._words(text.name, data.splits["train"], mode)
        if isinstance(backbone, NoBackbone):
            rule = "needs a backbone that takes strings"
            raise RunError(Problem("transform.mode", rule, "use backbone=glove_50d, or transform.mode=tf_idf", self.mode))
        return self._strings(text.name)

    def _strings(self, name: str):
        import tensorflow as tf

        clean = cleaned if self.clean else tf.identity

        class Strings(tf.Module):
            output_shape, output_dtype = (), "string"
            says = "send texts in UTF-8 as they are"

            def __call__(self, raw):
                return clean(raw[name])

        return Strings(name="transform")

    def _words(self, name: str, train: Split, mode: str):
        """Fitted on the training texts only."""
        import keras
        import tensorflow as tf

        vectorise = keras.layers.TextVectorization(
            self.max_tokens + 1, standardize=words, ngrams=self.ngrams, output_mode=mode, name="words"
        )
        texts = np.array([row[name] for row in train.inputs()], object)
        if not (words(tf.constant(texts)).numpy() != b"").any():
            raise RunError(Problem("dataset", "holds no word in its training texts", "give texts", train.ids[0]))
        vectorise.adapt(tf.data.Dataset.from_tensor_slices(texts).batch(1024))
        vocabulary = vectorise.get_vocabulary()[1:]

        class Words(tf.Module):
            """The first column, of words that are not in the vocabulary, is left out: in training there would be none."""

            output_shape, output_dtype = (len(vocabulary),), "float32"
            says = "send texts in UTF-8 as they are; the vocabulary is part of the graph"
            fitted = hashlib.sha256("\n".join(vocabulary).encode() + _weights(vectorise)).hexdigest()

            def __init__(self):
                super().__init__(name="transform")
                self.vectorise = vectorise

            def __call__(self, raw):
                counts = tf.reshape(tf.cast(vectorise(raw[name])[:, 1:], tf.float32), [-1, len(vocabulary)])
                return tf.math.l2_normalize(counts, axis=1) if mode == "tf_idf" else counts

        return Words()


def cleaned(texts):
    """texts: strings [batch]. Valid UTF-8, every stretch of white space and control characters one space, none at the ends."""
    import tensorflow as tf

    valid = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    return tf.strings.strip(tf.strings.regex_replace(valid, _CONTROL, " "))


def words(texts):
    """texts: strings [batch]. Lower case, words with a space between them, nothing else."""
    import tensorflow as tf

    lower = tf.strings.lower(cleaned(texts), encoding="utf-8")
    return tf.strings.strip(tf.strings.regex_replace(lower, _NO_WORD, " "))


def _weights(vectorise) -> bytes:
    weights = getattr(vectorise._lookup_layer, "idf_weights", None)
    return b"" if weights is None else np.asarray(weights).tobytes()
