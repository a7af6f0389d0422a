"""A threshold for saying "yes": chosen on the validation split, judged on the test split, and told to callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfrun.component import Settings, setting
from tfrun.config.problems import Problem, RunError, nearest

if TYPE_CHECKING:
    from tfrun.dataset import Data

_CONTRACT = ("class", "threshold", "rule")


class Threshold(Settings):
    """From which probability of a class on the answer is that class."""

    target: Literal["none", "precision", "recall", "cost"] = setting(
        "none",
        "precision, recall: the best of the other one with at least `least` of this one; cost: the lowest mean cost; none: no threshold",
    )
    positive: str | None = setting(None, "the class; null: the second of two")
    least: float = setting(0.9, "of precision or recall, on the validation split", unit="share", gt=0, le=1)
    false_positive: float = setting(1.0, "cost of a yes that is wrong", ge=0)
    false_negative: float = setting(1.0, "cost of a no that is wrong", ge=0)

    def position(self, classes: tuple[str, ...]) -> int:
        """Of the class. Raises RunError where it is none."""
        if self.positive is None and len(classes) == 2:
            return 1
        if self.positive not in classes:
            rule = (
                "is no class of the data"
                if self.positive is not None
                else f"has to be named, as there are {len(classes)} classes"
            )
            way_out = nearest(self.positive, list(classes)) if self.positive is not None else f"e.g. {classes[0]}"
            raise RunError(Problem("evaluation.threshold.positive", rule, way_out, self.positive))
        return classes.index(self.positive)


def decided(threshold: Threshold, data: Data, predictions: dict[str, np.ndarray]) -> dict[str, Any]:
    """{class, threshold, rule, target, validation: figures, test: figures}; threshold is None where none will do, with `why`.

    predictions: float [rows, classes] by split. Raises RunError where there are no validation rows.
    """
    position = threshold.position(data.classes)
    if not len(data.splits.get("validation", ())):
        raise RunError(Problem("evaluation.threshold", "needs validation rows", "set dataset.split.validation, or target=none"))
    split = data.splits["validation"]
    yes, scores = split.labels == position, predictions["validation"][:, position]
    value = chosen(threshold, yes, scores)
    found: dict[str, Any] = {"class": data.classes[position], "threshold": value, "target": threshold.target}
    if value is None:
        reached = f"{threshold.target} of {threshold.least:g}"
        return {
            **found,
            "why": f"no threshold has a {reached} on the {len(split)} validation rows ({int(yes.sum())} of the class)",
        }
    found["rule"] = f"{data.classes[position]} where its probability is at least {value:.6g}"
    for name in ("validation", "test"):
        labels = data.splits[name].labels == position
        found[name] = figures(threshold, labels, predictions[name][:, position] >= value)
    return found


def chosen(threshold: Threshold, yes: np.ndarray, scores: np.ndarray) -> float | None:
    """One of the scores, so that score >= it is a yes. yes: bool [rows]; scores: float [rows]. None: no score will do."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # of equal scores only together
    true = np.cumsum(yes[order])[last].astype(np.float64)
    said, values, positives = last + 1.0, scores[order][last], yes.sum()
    if threshold.target == "cost":
        cost = threshold.false_positive * (said - true) + threshold.false_negative * (positives - true)
        return float(values[np.argmin(cost)])
    if not positives:
        return None
    precision, recall = true / said, true / positives
    held, wanted = (precision, recall) if threshold.target == "precision" else (recall, precision)
    good = np.flatnonzero(held >= threshold.least)
    return float(values[good[np.argmax(wanted[good])]]) if len(good) else None


def figures(threshold: Threshold, yes: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """yes, said: bool [rows]: is it, and does the model say so. cost: mean of a row."""
    hit, wrong, missed = (yes & said).sum(), (~yes & said).sum(), (yes & ~said).sum()
    return {
        "precision": float(hit / (hit + wrong)) if hit + wrong else float("nan"),
        "recall": float(hit / (hit + missed)) if hit + missed else float("nan"),
        "accuracy": float((yes == said).mean()),
        "cost": float((threshold.false_positive * wrong + threshold.false_negative * missed) / len(yes)),
    }


def in_contract(found: dict[str, Any]) -> dict[str, Any]:
    """What callers are told."""
    return {key: found[key] for key in _CONTRACT} if found.get("threshold") is not None else {}
