"""The trained model on damaged rows, and on another data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.corruptions import corrupted, damages

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model


def robustness(experiment: Experiment, model: Model, data: Data, metrics: dict[str, float]) -> dict[str, Any]:
    """{corruption: {strength: {metric: number, "kept": share of the primary metric}}} of the test split.

    metrics: of the undamaged rows. Raises RunError where a corruption damages no input of these data.
    """
    evaluation, split = experiment.evaluation, data.splits["test"]
    wrong = [name for name in evaluation.corruptions if not damages(name, data.inputs)]
    if wrong:
        raise RunError(
            *(Problem("evaluation.corruptions", f"damages no input of a {data.kind}", "leave it out", n) for n in wrong)
        )
    found: dict[str, Any] = {}
    for name in evaluation.corruptions:
        for strength in evaluation.strengths:
            probabilities = model.predict(corrupted(split, data.inputs, name, strength))
            measured = evaluation.measure(split.labels, probabilities, data.outputs)
            base = metrics[evaluation.primary]
            kept = measured[evaluation.primary] / base if base > 0 else None
            found.setdefault(name, {})[str(strength)] = {**measured, "kept": kept}
    return found


def elsewhere(experiment: Experiment, model: Model, data: Data) -> dict[str, Any]:
    """Metrics with intervals on all rows of `evaluation.also`: {source, rows, left_out, metrics, intervals}.

    Its classes are matched by name; rows of classes that the model does not know are left out. Raises RunError where the
    inputs are others, or no class is the same.
    """
    evaluation, other = experiment.evaluation, experiment.evaluation.also.open()
    ours, theirs = [(spec.name, spec.dtype) for spec in data.inputs], [(spec.name, spec.dtype) for spec in other.inputs]
    if ours != theirs:
        rule = f"has other inputs ({_listed(theirs)}) than the data of the run ({_listed(ours)})"
        raise RunError(Problem("evaluation.also", rule, "give it the same columns", other.source))
    labels, answers, left_out = [], [], 0
    for split in other.splits.values():
        mapped, known = _mapped(split.labels, data, other)
        kept = np.flatnonzero(known)
        left_out += len(split) - len(kept)
        if len(kept):
            labels.append(mapped[kept])
            answers.append(model.predict(split.take(kept)))
    truth, probabilities = np.concatenate(labels), np.concatenate(answers)
    return {
        "source": other.source, "fingerprint": other.fingerprint, "rows": len(truth), "left_out": left_out,
        "metrics": evaluation.measure(truth, probabilities, data.outputs),
        "intervals": evaluation.intervals(truth, probabilities, data.outputs),
    }  # fmt: skip


def _mapped(labels: np.ndarray, data: Data, other: Data) -> tuple[np.ndarray, np.ndarray]:
    """Labels of `other` as `data` has them, and bool [rows]: which can be."""
    if data.task == "regression":
        return labels, np.ones(len(labels), bool)
    places = np.array([data.classes.index(name) if name in data.classes else -1 for name in other.classes])
    if (places < 0).all():
        rule = f"has none of the classes {', '.join(data.classes[:5])}"
        raise RunError(Problem("evaluation.also", rule, "call them alike", other.source))
    if data.task == "classification":
        return places[labels], places[labels] >= 0
    mapped = np.zeros((len(labels), len(data.classes)), labels.dtype)
    mapped[:, places[places >= 0]] = labels[:, places >= 0]
    return mapped, ~labels[:, places < 0].any(axis=1)


def _listed(inputs: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {dtype}" for name, dtype in inputs[:5])
