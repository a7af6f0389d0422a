"""Texts of every kind become what a backbone or a head takes; only the training texts decide how."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfrun.backbone.hub import Hub
from tfrun.backbone.none import NoBackbone
from tfrun.config.problems import RunError
from tfrun.dataset import Data, InputSpec, Split
from tfrun.dataset.sentiment import Sentiment
from tfrun.transform.auto import Auto
from tfrun.transform.text import Text, cleaned, words

GLOVE = Hub(handle="sample:glove_50d")
ODD = [
    "",
    "   ",
    "!!!",
    "Ünïcödé ÉCOLE 音楽 🎵",
    "tab\tand\nline\r\n",
    "x" * 5000,
    "don't stop, DON'T!",
    "a\u2003wide\u00a0space",
]


def split_of(name: str, texts: list[str]) -> Split:
    held = tf.constant([text.encode() for text in texts])
    labels = np.arange(len(texts), dtype=np.int32) % 2
    ids = np.array([f"{name} {row}" for row in range(len(texts))], object)
    return Split(name, labels, ids, lambda row: {"text": tf.gather(held, row)}, reads_batches=True)


def data_of(train: list[str], test: list[str] = ("never",)) -> Data:
    splits = {"train": split_of("train", train), "test": split_of("test", list(test))}
    return Data(splits, ("a", "b"), (InputSpec("text", "string", (), "text"),), "", "")


def rows(transform, texts) -> np.ndarray:
    return transform({"text": tf.constant(texts)}).numpy()


@pytest.fixture(scope="module")
def sentiment():
    return Sentiment().open()


def test_tf_idf_is_what_scikit_learn_gives():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    texts = ["the cat sat", "The dog sat, the dog barked!", "a cat and a dog", ""]
    transform = Text(mode="tf_idf").build(data_of(texts), NoBackbone())
    vocabulary = transform.vectorise.get_vocabulary()[1:]
    counts = CountVectorizer(vocabulary=vocabulary, token_pattern=r"[\w']+").transform(texts).toarray()
    idf = np.log(1 + len(texts) / (1 + (counts > 0).sum(axis=0)))
    np.testing.assert_allclose(rows(transform, texts), normalize(counts * idf), atol=1e-6)
    assert transform.output_shape == (len(vocabulary),) == (7,)


def test_multi_hot_says_which_words_are_there():
    transform = Text(mode="multi_hot", ngrams=2).build(data_of(["good film", "bad film"]), NoBackbone())
    vocabulary = transform.vectorise.get_vocabulary()[1:]
    assert set(vocabulary) == {"good", "bad", "film", "good film", "bad film"}
    (row,) = rows(transform, ["GOOD, good film; unknown words"])
    assert {word for word, value in zip(vocabulary, row, strict=True) if value} == {"good", "film", "good film"}


def test_the_most_frequent_words_are_kept():
    transform = Text(max_tokens=2).build(data_of(["b b b", "b c c a", "c"]), NoBackbone())
    assert transform.vectorise.get_vocabulary()[1:] == ["b", "c"] and transform.output_shape == (2,)


def test_nothing_but_training_texts_is_fitted():
    train = ["good film", "bad film", "so so"]
    one = Text().build(data_of(train, ["good film"]), NoBackbone())
    other = Text().build(data_of(train, ["leaked words film film film"] * 50), NoBackbone())
    assert one.fitted == other.fitted and one.vectorise.get_vocabulary() == other.vectorise.get_vocabulary()
    assert (rows(one, ["good leaked film"]) == rows(other, ["good leaked film"])).all()
    assert Text().build(data_of([*train, "leaked"]), NoBackbone()).fitted != one.fitted


def test_odd_texts_give_numbers_alone_and_in_a_batch(sentiment):
    transform = Text().build(sentiment, NoBackbone())
    together = rows(transform, ODD)
    alone = np.concatenate([rows(transform, [text]) for text in ODD])
    assert together.shape == (len(ODD), 5000) and np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, atol=1e-6, rtol=0)
    assert not together[:3].any()
    broken = transform({"text": tf.constant([b"good \xff\xfe film \xc3", b"\x00"])}).numpy()
    assert np.isfinite(broken).all() and broken[0].any()


def test_words_of_every_script_are_found_in_any_case():
    assert (
        words(tf.constant(["Ünïcödé ÉCOLE, 音楽! don't_stop 3.5"])).numpy()[0].decode() == "ünïcödé école 音楽 don't_stop 3 5"
    )


def test_cleaning_leaves_one_line_of_valid_text():
    given = [b"  a\t\n b\xff\x00 ", "x\u2003y".encode()]
    assert [text.decode() for text in cleaned(tf.constant(given)).numpy()] == ["a b�", "x y"]


def test_strings_stay_as_they_are_unless_cleaning_is_asked_for(sentiment):
    given = [text.encode() for text in ODD]
    plain, clean = (Text(clean=clean).build(sentiment, GLOVE) for clean in (False, True))
    assert plain.output_dtype == "string" and plain.output_shape == ()
    assert plain({"text": tf.constant(given)}).numpy().tolist() == given
    assert clean({"text": tf.constant(given)}).numpy()[4] == b"tab and line"


def test_auto_takes_strings_for_a_module_and_words_without_one(sentiment):
    assert Auto().build(sentiment, GLOVE).output_dtype == "string"
    assert Auto().build(sentiment, NoBackbone()).output_dtype == "float32"


def test_what_does_not_fit_is_said(sentiment):
    with pytest.raises(RunError, match="needs a backbone that takes strings; use backbone=glove_50d"):
        Text(mode="strings").build(sentiment, NoBackbone())
    assert "is for data of kind text, and these are of kind image" in str(Text().problem("image"))
    with pytest.raises(RunError, match="holds no word in its training texts"):
        Text().build(data_of(["!", "", "?"]), NoBackbone())


@pytest.mark.parametrize("wrong", [{"ngrams": 0}, {"max_tokens": 0}, {"mode": "tfidf"}])
def test_values_without_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        Text(**wrong)


def test_copies_of_a_split_read_the_same(sentiment):
    """Strings go through both ways of reading: batches at once, and rows one by one."""
    from tfrun.transform.batches import transformed

    split = sentiment.splits["test"].first(50)
    transform = Text(max_tokens=300).build(sentiment, NoBackbone())
    batches = np.concatenate(list(transformed(split, transform, 16)))
    single = np.concatenate(list(transformed(dataclasses.replace(split, reads_batches=False), transform, 16)))
    np.testing.assert_allclose(batches, single, atol=1e-6, rtol=0)
