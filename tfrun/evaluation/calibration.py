"""Calibration: do answers that say 90 % hold in 90 %? And temperature scaling, which makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.groups import Groups, Sums, divided, grouped
from tfrun.evaluation.metrics import CONFIDENCE_BINS, confidence_bin
from tfrun.evaluation.standard import OF_TASK

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record
    from tfrun.record.result import Result
    from tfrun.task import TaskName

_LARGEST = 20.0  # temperatures are looked for between its inverse and it
_OUTPUTS = ("logits", "wide")  # layers of heads whose sum are the logits


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """The calibration error, and what it is made of: {ece, bins: [{confidence, accuracy, rows}]}, of bins that have rows.

    labels: int [rows], or uint8 [rows, classes]; probabilities: float [rows, classes]. Confidence: the probability of the predicted
    class; where a row may have several classes, that of each class, accuracy how often rows have it, and rows counts answers.
    """
    groups = grouped(labels, probabilities)
    several = groups.task == "multilabel"
    said, true = (groups.probabilities.ravel(), groups.labels.ravel()) if several else (groups.confidence, groups.hit)
    which = confidence_bin(said)
    rows, confidence, hits = (np.bincount(which, w, CONFIDENCE_BINS) for w in (None, said, true))
    bins = [
        {"confidence": float(mean), "accuracy": float(share), "rows": int(count)}
        for mean, share, count in zip(divided(confidence, rows * 1.0), divided(hits, rows * 1.0), rows, strict=True)
        if count
    ]
    return {"ece": _figures(groups)["ece"], "bins": bins}


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What logits have to be divided by for the least cross-entropy. Guo et al., On Calibration of Modern Neural Networks (2017).

    logits: float [rows, classes]; labels: int [rows], or uint8 [rows, classes] for the binary cross-entropy of each class.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    logits = np.asarray(logits, np.float64)
    several = np.ndim(labels) == 2
    chosen = logits * labels if several else logits[np.arange(len(labels)), labels]

    def loss(log: float) -> float:
        scaled = logits / np.exp(log)
        total = np.logaddexp(0, scaled) if several else logsumexp(scaled, axis=1)
        return float((total - chosen / np.exp(log)).mean())

    bound = np.log(_LARGEST)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-6}).x))


def calibrate(experiment: Experiment, model: Model, data: Data, record: Record, result: Result) -> None:
    """Where it is asked for: divides the model's logits by the temperature that the validation split asks for, in its weights.

    Raises RunError where there are no validation rows, or the head's last layers are not known.
    """
    if experiment.evaluation.calibration == "none":
        return
    with record.stage("calibration") as stage:
        split = data.splits.get("validation")
        if split is None or not len(split):
            rule = "needs validation rows"
            raise RunError(Problem("evaluation.calibration", rule, "set dataset.split.validation, or calibration=none"))
        logits = model.asked(split)[0]
        found = temperature(logits, split.labels)
        _divide(model, found)
        told = [_figures(grouped(split.labels, _answers(logits / divisor, data.task))) for divisor in (1.0, found)]
        changed = {name: [one[name] for one in told] for name in ("loss", "ece")}
        result.calibration["temperature"] = {"value": found, "rows": len(split), **changed}
        result.weights_sha256 = model.weights_sha256()
        shown = result.calibration["temperature"]["ece"]
        stage.says = f"temperature {found:.3f}, validation calibration error {shown[0]:.4f} → {shown[1]:.4f}"


def _divide(model: Model, divisor: float) -> None:
    layers = [layer for layer in model.head.layers if layer.name in _OUTPUTS]
    if not layers:
        rule = f"needs a head whose last layer is called {_OUTPUTS[0]}"
        raise RunError(Problem("evaluation.calibration", rule, "name it so, or use calibration=none", "temperature"))
    for variable in (variable for layer in layers for variable in layer.variables):
        variable.assign(variable / divisor)


def _figures(groups: Groups) -> dict[str, float]:
    metrics = OF_TASK[groups.task]
    return {name: float(metrics[name](Sums(groups))[0]) for name in ("loss", "ece")}


def _answers(logits: np.ndarray, task: TaskName) -> np.ndarray:
    from scipy.special import expit, softmax

    logits = np.asarray(logits, np.float64)
    return expit(logits) if task == "multilabel" else softmax(logits, axis=1)
