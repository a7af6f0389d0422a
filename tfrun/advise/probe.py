"""The linear probe: what a head could make of frozen features, measured on rows it was not fitted to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tfrun.advise.linear import Classes, kind_of
from tfrun.evaluation.groups import Sums
from tfrun.evaluation.groups import grouped as groups_of
from tfrun.evaluation.standard import OF_TASK

STRENGTHS = (0.0003, 0.003, 0.03, 0.3, 3.0)  # of scikit-learn's C, on standardised features
SHARES = (0.25, 0.5, 1.0)  # of the rows that a fold has for fitting
_FOLDS = 5
_COMPONENTS, _OF_PIXELS = 1024, 256  # principal components in place of more features, and of more than 4,096, as raw pixels are

Measure = Callable[[np.ndarray, np.ndarray], float]
Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Probe:
    """score: the primary metric on rows that were not fitted; train: on those that were. curve: [(rows fitted, score)].

    answers: float32 [m, outputs], of each row by the fold that did not see it; truth: their labels, as `task.Task` says.
    """

    score: float
    train: float
    strength: float
    curve: list[tuple[int, float]]
    truth: np.ndarray = field(repr=False)
    answers: np.ndarray = field(repr=False)


def folds(labels: np.ndarray, validation: np.ndarray, grouped: bool, seed: int) -> list[Fold]:
    """validation: bool [n], of the split of that name. grouped: rows belong together, so that only the given split may part them.

    Else five folds over both splits: more rows to measure on.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    if grouped and validation.any():
        return [(np.flatnonzero(~validation), np.flatnonzero(validation))]
    if kind_of(labels) is not Classes:
        return list(KFold(min(_FOLDS, len(labels)), shuffle=True, random_state=seed).split(labels))
    smallest = int(np.bincount(labels)[np.unique(labels)].min())
    shuffled = StratifiedKFold(max(2, min(_FOLDS, smallest)), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of one row is in one fold only: so it is
        return list(shuffled.split(np.zeros(len(labels)), labels))


def probe(features: np.ndarray, labels: np.ndarray, outputs: int, measure: Measure, parts: list[Fold], seed: int = 0) -> Probe:
    """Linear on standardised features, of more than 1,024 on their components; its strength is chosen by the loss on the held rows.

    features: float32 [n, d]. labels: as `task.Task` says; see `kind_of`. measure: labels [m], answers [m, outputs] -> the primary
    metric.
    """
    features, kind = _reduced(features, seed), kind_of(labels)
    held = np.concatenate([out for _, out in parts])
    tried, models = {}, [kind(outputs) for _ in parts]
    for strength in STRENGTHS:  # each begins where the one before ended
        for model, (fit, _) in zip(models, parts, strict=True):
            model.fit(features[fit], labels[fit], strength)
        fitted = [
            (model.answers(features[out]), model.answers(features[fit]))
            for model, (fit, out) in zip(models, parts, strict=True)
        ]
        answers = np.concatenate([of_out for of_out, _ in fitted])
        tried[strength] = (_loss(labels[held], answers), answers, fitted)
        if tried[strength][0] > min(loss for loss, *_ in tried.values()):
            break  # the loss has one minimum along the strengths
    strength = min(tried, key=lambda one: tried[one][0])
    _, answers, fitted = tried[strength]
    train = np.mean([measure(labels[fit], of_fit) for (fit, _), (_, of_fit) in zip(parts, fitted, strict=True)])
    truth = labels[held]
    draw, (fit, out) = np.random.default_rng(seed), parts[0]
    curve = []
    for share in SHARES:
        some = _share(labels, fit, share, draw)
        model = kind(outputs).fit(features[some], labels[some], strength)
        curve.append((len(some), measure(labels[out], model.answers(features[out]))))
    return Probe(measure(truth, answers), float(train), strength, curve, truth, answers)


def _loss(labels: np.ndarray, answers: np.ndarray) -> float:
    groups = groups_of(labels, answers)
    return float(OF_TASK[groups.task]["loss"](Sums(groups))[0])


def _reduced(features: np.ndarray, seed: int) -> np.ndarray:
    """float32 [n, at most 1024]. The labels have no part in it, so all rows may."""
    from sklearn.decomposition import PCA

    deviation = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(deviation > 1e-6, deviation, 1)
    most = min(_COMPONENTS if features.shape[1] <= 4096 else _OF_PIXELS, len(features))
    return PCA(most, svd_solver="randomized", random_state=seed).fit_transform(scaled) if scaled.shape[1] > most else scaled


def _share(labels: np.ndarray, rows: np.ndarray, share: float, draw: np.random.Generator) -> np.ndarray:
    """The same share of each class, at least one row of it."""
    if share == 1:
        return rows
    if kind_of(labels) is not Classes:
        return draw.permutation(rows)[: max(2, round(share * len(rows)))]
    some = []
    for label in np.unique(labels[rows]):
        own = rows[labels[rows] == label]
        some.append(draw.permutation(own)[: max(1, round(share * len(own)))])
    return np.concatenate(some)
