"""Words go by the seed alone, in order, and never all of them."""

import pytest
import tensorflow as tf

from tfrun.augment.word_dropout import WordDropout

TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "naïve café 音楽 🎵 one two three four five",
    "",
    "one",
    "  two   words ",
]


def changed(seed: int, share: float = 0.5, texts=TEXTS) -> list[str]:
    raw = {"text": tf.constant(texts)}
    return [text.decode() for text in WordDropout(share=share).change(raw, tf.constant([0, seed]))["text"].numpy()]


def test_the_seed_alone_decides():
    assert changed(1) == changed(1) != changed(2)


def test_words_keep_their_order_and_are_never_all_gone():
    for seed in range(20):
        for before, after in zip(TEXTS, changed(seed), strict=True):
            rest = iter(before.split())
            assert all(word in rest for word in after.split())
            assert bool(after.split()) == bool(before.split())


def test_the_share_is_what_goes():
    (left,) = changed(3, 0.2, [" ".join(["word"] * 5000)])
    assert len(left.split()) == pytest.approx(4000, abs=120)


def test_nothing_goes_at_0():
    assert changed(1, 0.0) == TEXTS and not WordDropout(share=0).changes_inputs


def test_rows_of_one_batch_lose_different_words():
    first, second = changed(1, 0.5, [TEXTS[0], TEXTS[0]])
    assert first != second


def test_it_is_for_texts():
    assert WordDropout().problem("text") is None
    assert "changes texts, and the data are of kind audio" in str(WordDropout().problem("audio"))
    with pytest.raises(ValueError):
        WordDropout(share=1)
