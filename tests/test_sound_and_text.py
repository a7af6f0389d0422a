"""Sounds and texts from a YAML to verified files, as a user gets it."""

from __future__ import annotations

import pytest

from tests.conftest import Finished, tfrun
from tests.sounds import folder_of_sounds


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Finished:
    folder = tmp_path_factory.mktemp("sound")
    folder_of_sounds(folder / "data", each=60, noise=0.3)
    return tfrun(
        folder, "+experiment=sound", "dataset.directory=data", "dataset.index=index.csv", "dataset.group=device",
        "gate.metrics.accuracy=0.9", "evaluation.slices=[device]", "tracking=none",
    )  # fmt: skip


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory) -> Finished:
    return tfrun(tmp_path_factory.mktemp("text"), "+experiment=sentiment", "tracking=none")


def test_sounds_of_unseen_devices_are_told_apart_by_every_file(sound):
    assert sound.code == 0 and sound.err == "", sound.err
    assert sound.result["metrics"]["test"]["accuracy"] >= 0.9 and sound.result["verdict"]["blessed"]
    artifacts = {f"{a['target']}/{a['variant']}": a for a in sound.result["artifacts"]}
    assert set(artifacts) == {"saved_model/default", "tflite/float32", "tflite/float16", "tflite/int8"}
    assert all(a["passed"] and a["retention"] >= 0.97 for a in artifacts.values())
    assert artifacts["tflite/float32"]["max_abs_difference"] <= 1e-4 >= artifacts["saved_model/default"]["max_abs_difference"]
    report = (sound.directory / "report.html").read_text()
    assert report.count("data:image/png") >= 12 and "recordings" in (sound.directory / "card.md").read_text()


def test_texts_are_told_apart_as_well_as_scikit_learn_does(sentiment):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from tfrun.dataset.sentiment import Sentiment

    assert sentiment.code == 0 and sentiment.err == "", sentiment.err
    splits = Sentiment().open().splits
    theirs = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
    theirs.fit(splits["train"].facts["text"], splits["train"].labels)
    reference = theirs.score(splits["test"].facts["text"], splits["test"].labels)
    assert sentiment.result["metrics"]["test"]["accuracy"] >= max(0.6, reference - 0.01)


def test_texts_have_slices_by_domain_and_a_file_that_is_the_model(sentiment):
    domains = sentiment.result["slices"]["test"]["domain"]
    assert set(domains) == {"tweets", "movie_reviews", "product_reviews", "news_editorials"}
    assert sum(values["rows"] for values in domains.values()) == 1200
    (artifact,) = sentiment.result["artifacts"]
    assert artifact["passed"] and artifact["max_abs_difference"] <= 1e-6
