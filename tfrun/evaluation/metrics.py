"""Classification metrics of labels (int [rows]) and probabilities (float [rows, classes]), by scikit-learn."""

from __future__ import annotations

import math

import numpy as np

LOWER_IS_BETTER = frozenset({"loss", "brier"})


def improves(name: str, value: float, best: float | None) -> bool:
    """Is `value` of the metric `name` better than `best`? NaN is better than nothing else."""
    if best is None or math.isnan(best):
        return True
    return value < best if name in LOWER_IS_BETTER else value > best


def loss(labels, probabilities, classes) -> float:
    """Mean cross-entropy, natural logarithm; NaN where a probability is."""
    chosen = np.asarray(probabilities, np.float64)[np.arange(len(labels)), labels]
    return float(np.maximum(0.0, -np.log(np.clip(chosen, 1e-7, 1.0)).mean()))


def accuracy(labels, probabilities, classes) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def balanced_accuracy(labels, probabilities, classes) -> float:
    """Mean recall over the classes that have rows."""
    from sklearn.metrics import recall_score

    return float(recall_score(labels, probabilities.argmax(axis=1), labels=np.unique(labels), average="macro", zero_division=0))


def f1_macro(labels, probabilities, classes) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, probabilities.argmax(axis=1), labels=np.unique(labels), average="macro", zero_division=0))


def precision_macro(labels, probabilities, classes) -> float:
    from sklearn.metrics import precision_score

    return float(
        precision_score(labels, probabilities.argmax(axis=1), labels=np.unique(labels), average="macro", zero_division=0)
    )


def auc(labels, probabilities, classes) -> float:
    """Area under the ROC curve; one class against the rest, averaged over classes, where there are more than two.

    NaN where a class has no row or only one has: the area is not defined then.
    """
    from sklearn.metrics import roc_auc_score

    if len(np.unique(labels)) < classes:
        return float("nan")
    positives = [1] if classes == 2 else range(classes)
    return float(np.mean([roc_auc_score(labels == positive, probabilities[:, positive]) for positive in positives]))


def top_3_accuracy(labels, probabilities, classes) -> float:
    best = np.argsort(-probabilities, axis=1)[:, :3]
    return float((best == labels[:, None]).any(axis=1).mean())


def brier(labels, probabilities, classes) -> float:
    """Mean squared distance to the one-hot answer (Brier, 1950)."""
    return float(((probabilities - np.eye(classes)[labels]) ** 2).sum(axis=1).mean())


METRICS = {
    function.__name__: function
    for function in (loss, accuracy, balanced_accuracy, f1_macro, precision_macro, auc, top_3_accuracy, brier)
}
