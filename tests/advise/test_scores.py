"""Linear probe, LogME and N-LEEP on scikit-learn's digits: features that tell more have to score more."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import r2_score

from tfrun.advise.probe import folds, probe
from tfrun.advise.transferability import logme, nleep

IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = IMAGES[:600].astype(np.float32), LABELS[:600]


def accuracy(labels, probabilities) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


@pytest.fixture(scope="module")
def features() -> dict[str, np.ndarray]:
    """From the best to what tells nothing."""
    noise = np.random.default_rng(0).normal(size=IMAGES.shape).astype(np.float32)
    return {"whole": IMAGES, "upper half": IMAGES[:, :32], "two rows": IMAGES[:, 16:32], "noise": noise}


@pytest.mark.parametrize("score", [logme, nleep])
def test_scores_rank_features_by_what_they_tell(features, score):
    scores = [score(some, LABELS, 10) for some in features.values()]
    assert scores == sorted(scores, reverse=True) and np.isfinite(scores).all()


def test_logme_is_the_evidence_of_a_bayesian_linear_regression():
    """Against the marginal likelihood of y ~ N(0, F F' / alpha + I / beta), whose largest value on a grid it has to reach."""
    from scipy.stats import multivariate_normal

    draw = np.random.default_rng(1)
    rows = draw.normal(size=(40, 5))
    labels = (rows[:, 0] + 0.5 * draw.normal(size=40) > 0).astype(int)
    best = [
        max(
            multivariate_normal(np.zeros(40), rows @ rows.T / alpha + np.eye(40) / beta).logpdf(labels == one)
            for alpha in np.logspace(-1, 3, 60) for beta in np.logspace(-1, 3, 60)
        )
        for one in (0, 1)
    ]  # fmt: skip
    assert logme(rows, labels, 2) == pytest.approx(np.mean(best) / 40, abs=1e-3)


def test_more_features_than_rows_give_the_same_evidence_by_the_smaller_side():
    wide = np.concatenate([IMAGES[:50], np.zeros((50, 100), np.float32)], axis=1)
    assert logme(wide, LABELS[:50], 10) == pytest.approx(logme(wide[:, :164], LABELS[:50], 10))


def test_the_probe_measures_rows_that_it_was_not_fitted_to(features):
    found = {
        name: probe(some, LABELS, 10, accuracy, folds(LABELS, np.zeros(600, bool), False, 0)) for name, some in features.items()
    }
    scores = [one.score for one in found.values()]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.93
    assert found["noise"].score == pytest.approx(0.1, abs=0.04) and found["noise"].train > 0.2
    assert sorted(found["whole"].truth) == sorted(LABELS)  # each row once
    assert [rows for rows, _ in found["whole"].curve] == pytest.approx([120, 240, 480], abs=6)
    assert found["whole"].curve[0][1] < found["whole"].curve[2][1]


SEVERAL = np.stack([LABELS % 2, LABELS < 5, LABELS == 3], axis=1).astype(np.uint8)
TASKS = {
    "multilabel": (SEVERAL, lambda labels, answers: float(((answers >= 0.5) == labels).mean())),
    "regression": (LABELS * 3 + 50.0, lambda labels, answers: r2_score(labels, answers[:, 0])),
}


@pytest.mark.parametrize("task", TASKS)
def test_several_classes_and_numbers_are_probed_and_ranked_too(features, task):
    labels, measure = TASKS[task]
    parts = folds(labels, np.zeros(600, bool), False, 0)
    found = {name: probe(some, labels, max(1, labels[0].size), measure, parts) for name, some in features.items()}
    scores = [one.score for one in found.values()]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] + 0.15
    assert found["whole"].score > found["whole"].curve[0][1] and found["whole"].answers.shape == (600, max(1, labels[0].size))
    assert sorted(found["whole"].truth.tolist()) == sorted(labels.tolist())  # each row once
    evidence = [logme(some, labels, max(1, labels[0].size)) for some in features.values()]
    assert evidence == sorted(evidence, reverse=True) and np.isfinite(evidence).all()


def test_a_class_that_all_rows_have_is_answered_so():
    labels = SEVERAL.copy()
    labels[:, 1] = 1
    found = probe(IMAGES, labels, 3, TASKS["multilabel"][1], folds(labels, np.zeros(600, bool), False, 0))
    assert (found.answers[:, 1] == 1).all() and found.score > 0.9


def test_rows_that_belong_together_are_parted_by_the_given_split_only():
    validation = np.arange(600) % 4 == 0
    ((fit, out),) = folds(LABELS, validation, True, 0)
    assert (out == np.flatnonzero(validation)).all() and (fit == np.flatnonzero(~validation)).all()
    assert len(folds(LABELS, validation, False, 0)) == 5


def test_a_class_of_two_rows_is_probed_too():
    labels = np.where(np.arange(600) < 598, LABELS % 2, 2)
    found = probe(IMAGES, labels, 3, accuracy, folds(labels, np.zeros(600, bool), False, 0))
    assert np.isfinite(found.answers).all() and found.answers.shape == (600, 3)
