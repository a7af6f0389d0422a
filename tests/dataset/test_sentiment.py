import numpy as np

from tfrun.dataset.sentiment import Sentiment


def test_it_has_6000_texts_in_three_classes_with_their_domains():
    dataset = Sentiment()
    data = dataset.open()
    assert data.classes == ("negative", "neutral", "positive") and data.kind == "text" and data.licence == "MIT"
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 3900, "validation": 900, "test": 1200}
    assert dataset.slice_columns() == ["domain"]
    assert set(data.splits["test"].columns["domain"]) == {"tweets", "movie_reviews", "product_reviews", "news_editorials"}


def test_rows_are_the_texts_that_the_facts_tell():
    split = Sentiment().open().splits["test"]
    texts = [row["text"].decode() for row in split.inputs()]
    assert split.facts["text"].dtype == object and texts == split.facts["text"].tolist()
    batch = split.read(split.positions[:7])["text"].numpy()
    assert [text.decode() for text in batch] == texts[:7]
    assert len(set(map(bytes, split.digests))) > 1190 and split.ids[0].split("/")[0] in set(split.columns["domain"])
    assert np.array_equal(Sentiment().open().splits["test"].digests, split.digests)
