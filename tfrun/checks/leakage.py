"""Features that alone tell the label: they will not be there when the model is used, or they are the label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfrun.checks.anomaly import Anomaly
from tfrun.checks.sample import Sample

_FOLDS, _FEWEST, _MOST_CLASSES = 3, 30, 50


def leakage(sample: Sample, label: str, inputs: list[str], limit: float) -> Iterator[Anomaly]:
    """Each of `inputs` that takes away more than `limit` of the errors of the best guess without it."""
    target = sample.columns.get(label)
    if target is None:
        return
    known = ~np.isnan(target) if target.dtype.kind == "f" else target != 0
    if known.sum() < _FEWEST:
        return
    for name in inputs:
        if name in sample.columns and sample.columns[name].ndim == 1 and name != label:
            figure = predictive_power(sample.columns[name][known], target[known])
            if figure > limit:
                text = (
                    f"alone tells the label '{label}': it takes away {figure:.1%} of the errors of the best guess, more than "
                )
                text += f"{limit:.0%} (checks.leakage); leave it out of the features"
                yield Anomaly(name, "leakage", "train", text, figure, limit)


def predictive_power(feature: np.ndarray, target: np.ndarray) -> float:
    """Share of a constant guess's errors that a tree on one feature takes away, over three folds; 1: all, 0 or below: none.

    feature, target: float64 (numbers) or uint64 (categories) [n]. Errors are wrong classes; squares, where the target is a number
    with more than 50 values (then this is R²).
    """
    if target.dtype.kind == "f" and len(np.unique(target)) > _MOST_CLASSES:
        return _explained(feature, target)
    classes = np.unique(target, return_inverse=True)[1]
    errors = np.array([_errors(feature, classes, fold) for fold in range(_FOLDS)]).sum(axis=0)
    return float(1 - errors[0] / errors[1]) if errors[1] else 0.0


def _errors(feature: np.ndarray, classes: np.ndarray, fold: int) -> tuple[int, int]:
    """Wrong answers on the fold by the feature, and by the most frequent class of the other folds."""
    held = np.arange(len(classes)) % _FOLDS == fold
    common = np.bincount(classes[~held]).argmax()
    if feature.dtype.kind == "f":
        from sklearn.tree import DecisionTreeClassifier

        tree = DecisionTreeClassifier(max_leaf_nodes=max(32, 4 * (classes.max() + 1)), min_samples_leaf=2, random_state=0)
        tree.fit(_shaped(feature[~held]), classes[~held])
        answers = tree.predict(_shaped(feature[held]))
    else:
        answers = _by_category(feature, classes, held, common)
    return int((answers != classes[held]).sum()), int((common != classes[held]).sum())


def _by_category(feature: np.ndarray, classes: np.ndarray, held: np.ndarray, common: int) -> np.ndarray:
    """For each held-out row the class that its category has most often elsewhere."""
    codes = np.unique(feature, return_inverse=True)[1]
    pairs, counts = np.unique(np.stack([codes[~held], classes[~held]]), axis=1, return_counts=True)
    order = np.argsort(counts, kind="stable")
    best = np.full(codes.max() + 1, common)
    best[pairs[0][order]] = pairs[1][order]  # the last one written is the most frequent
    return best[codes[held]]


def _explained(feature: np.ndarray, target: np.ndarray) -> float:
    from sklearn.tree import DecisionTreeRegressor

    if feature.dtype.kind != "f":
        feature = np.unique(feature, return_inverse=True)[1].astype(float)
    answers = np.empty_like(target)
    for fold in range(_FOLDS):
        held = np.arange(len(target)) % _FOLDS == fold
        tree = DecisionTreeRegressor(max_leaf_nodes=512, min_samples_leaf=2, random_state=0)
        answers[held] = tree.fit(_shaped(feature[~held]), target[~held]).predict(_shaped(feature[held]))
    spread = ((target - target.mean()) ** 2).sum()
    return float(1 - ((target - answers) ** 2).sum() / spread) if spread else 0.0


def _shaped(feature: np.ndarray) -> np.ndarray:
    """float32 [n, 1], as scikit-learn takes it: infinities as the largest number, NaN as it is."""
    largest = np.finfo(np.float32).max
    return np.where(np.isnan(feature), np.nan, np.clip(feature, -largest, largest)).astype(np.float32)[:, None]
