"""Word dropout: texts lose some of their words (Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods", 2015)."""

from __future__ import annotations

from tfrun.augment import Augment
from tfrun.component import setting
from tfrun.config.problems import Problem


class WordDropout(Augment):
    """Drops words of texts at random, never all of them. Stateless: the same seed drops the same words."""

    share: float = setting(0.1, "probability that a word is dropped", ge=0, lt=1)

    @property
    def changes_inputs(self) -> bool:
        return self.share > 0

    def problem(self, kind):
        if kind == "text":
            return None
        return Problem("augment", f"changes texts, and the data are of kind {kind}", "use augment=none", "word_dropout")

    def change(self, raw, seed):
        """raw: {name: strings [batch]}; seed: int32 [2]. Words are what white space separates; one space stays between them."""
        import tensorflow as tf

        ((name, texts),) = raw.items()
        if not self.changes_inputs:
            return raw
        words = tf.strings.split(texts)
        draws = tf.random.stateless_uniform(tf.shape(words.flat_values), seed)
        left = tf.ragged.boolean_mask(words, words.with_flat_values(draws >= self.share))
        joined = tf.strings.reduce_join(left, axis=1, separator=" ")
        return {name: tf.where(left.row_lengths() > 0, joined, texts)}
