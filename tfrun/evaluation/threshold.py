"""A threshold for saying "yes": chosen on the validation split, judged on the test split, and told to callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfrun.checks.anomaly import named
from tfrun.component import Settings, setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.evaluation.groups import divided

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.task import TaskName

_CONTRACT = ("class", "threshold", "rule")
_HELD = ("precision", "recall")  # targets that are to be reached
_NAMED = 8


class Threshold(Settings):
    """From which probability of a class on the answer is that class. Rows that may have several classes have one for each."""

    target: Literal["none", "precision", "recall", "f1", "cost"] = setting(
        "none",
        "precision, recall: the best of the other one with at least `least` of this one; f1: the best of it; cost: the lowest mean cost; none: no threshold",
    )
    positive: str | None = setting(None, "the class; null: the second of two, and with dataset.task=multilabel every class")
    least: float = setting(0.9, "of precision or recall, on the validation split", unit="share", gt=0, le=1)
    false_positive: float = setting(1.0, "cost of a yes that is wrong", ge=0)
    false_negative: float = setting(1.0, "cost of a no that is wrong", ge=0)

    def positions(self, data: Data) -> list[int]:
        """Of the classes. Raises RunError where `positive` is none of them, or has to be named."""
        classes = data.classes
        if self.positive is None and data.task == "multilabel":
            return list(range(len(classes)))
        if self.positive is None and len(classes) == 2:
            return [1]
        if self.positive not in classes:
            rule = (
                "is no class of the data"
                if self.positive is not None
                else f"has to be named, as there are {len(classes)} classes"
            )
            way_out = nearest(self.positive, list(classes)) if self.positive is not None else f"e.g. {classes[0]}"
            raise RunError(Problem("evaluation.threshold.positive", rule, way_out, self.positive))
        return [classes.index(self.positive)]


def decided(threshold: Threshold, data: Data, predictions: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """[{class, target, threshold, rule, validation: figures, test: figures}]; threshold is None where none will do, with `why`.

    predictions: float [rows, classes] by split. Raises RunError where there are no validation rows.
    """
    if not len(data.splits.get("validation", ())):
        raise RunError(Problem("evaluation.threshold", "needs validation rows", "set dataset.split.validation, or target=none"))
    return [_of_class(threshold, data, predictions, position) for position in threshold.positions(data)]


def _of_class(threshold: Threshold, data: Data, predictions: dict[str, np.ndarray], position: int) -> dict[str, Any]:
    yes = {name: _has(data.splits[name].labels, position) for name in ("validation", "test")}
    scores = {name: predictions[name][:, position] for name in yes}
    name, value = data.classes[position], chosen(threshold, yes["validation"], scores["validation"])
    found: dict[str, Any] = {"class": name, "target": threshold.target, "threshold": value}
    if value is None:
        rows, own = len(yes["validation"]), int(yes["validation"].sum())
        reached = f"no threshold reaches a {threshold.target} of {threshold.least:g} for {name} on the {rows} validation rows"
        return {**found, "why": f"{reached} ({own} of the class)" if own else f"none of the {rows} validation rows has {name}"}
    told = {split: figures(threshold, yes[split], scores[split] >= value) for split in yes}
    return {**found, "rule": f"{name} where its probability is at least {value:.6g}", **told}


def missing(found: list[dict[str, Any]]) -> str:
    """Which classes have no threshold, and why. Empty: none."""
    without = [one for one in found if one["threshold"] is None]
    if len(without) < 2:
        return without[0]["why"] if without else ""
    names = named(tuple(one["class"] for one in without[:_NAMED]), len(without))
    return f"{len(without)} classes have none: {names}; of the first, {without[0]['why']}"


def _has(labels: np.ndarray, position: int) -> np.ndarray:
    """bool [rows]. labels: int [rows], or 0 and 1 [rows, classes]."""
    return labels == position if labels.ndim == 1 else labels[:, position] == 1


def chosen(threshold: Threshold, yes: np.ndarray, scores: np.ndarray) -> float | None:
    """Score >= it is a yes: halfway between two neighbouring scores, as far from either side as it can be.

    yes: bool [rows]; scores: float [rows] in 0 … 1, which are the neighbours of the lowest and of the highest; NaN does not count.
    None: nothing will do, or no row is a yes.
    """
    yes, scores = yes[~np.isnan(scores)], scores[~np.isnan(scores)].astype(np.float64)
    if not yes.any():
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # of equal scores only together
    values, positives = scores[order][last], yes.sum()
    true, said = (
        np.append(0.0, np.cumsum(yes[order])[last]),
        np.append(0.0, last + 1.0),
    )  # the first: no row is said to be a yes
    between = (np.append(1.0, values) + np.append(values, 0.0)) / 2
    precision, recall = divided(true, said), true / positives
    if threshold.target in _HELD:
        held, wanted = (precision, recall) if threshold.target == "precision" else (recall, precision)
        good = np.flatnonzero(held >= threshold.least)
        return float(between[good[np.argmax(wanted[good])]]) if len(good) else None
    if threshold.target == "f1":
        return float(between[np.argmax(2 * true / (said + positives))])
    cost = threshold.false_positive * (said - true) + threshold.false_negative * (positives - true)
    return float(between[np.argmin(cost)])


def figures(threshold: Threshold, yes: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """yes, said: bool [rows]: is it, and does the model say so. cost: mean of a row."""
    hit, wrong, missed = (yes & said).sum(), (~yes & said).sum(), (yes & ~said).sum()
    return {
        "precision": float(hit / (hit + wrong)) if hit + wrong else float("nan"),
        "recall": float(hit / (hit + missed)) if hit + missed else float("nan"),
        "f1": float(2 * hit / (2 * hit + wrong + missed)) if hit + wrong + missed else float("nan"),
        "accuracy": float((yes == said).mean()),
        "cost": float((threshold.false_positive * wrong + threshold.false_negative * missed) / len(yes)),
    }


def in_contract(found: list[dict[str, Any]], task: TaskName) -> dict[str, Any]:
    """What callers are told: of one class {class, threshold, rule}; of several a row {thresholds: by class, rule}. Empty: nothing."""
    held = [one for one in found if one["threshold"] is not None]
    if not held:
        return {}
    if task != "multilabel":
        return {key: held[0][key] for key in _CONTRACT}
    thresholds = {one["class"]: one["threshold"] for one in held}
    return {"thresholds": thresholds, "rule": "a class where its probability is at least its threshold, 0.5 where it has none"}


def by_class(decision: dict[str, Any]) -> dict[str, float]:
    """Thresholds of what `in_contract` gave."""
    return {decision["class"]: decision["threshold"]} if "class" in decision else decision.get("thresholds", {})
