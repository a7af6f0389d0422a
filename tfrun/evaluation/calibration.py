"""Calibration: do answers that say 90 % hold in 90 %? And temperature scaling, which makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.groups import Groups, Sums, divided
from tfrun.evaluation.metrics import CONFIDENCE_BINS, confidence_bin, ece, loss

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record
    from tfrun.record.result import Result

_LARGEST = 20.0  # temperatures are looked for between its inverse and it
_OUTPUTS = ("logits", "wide")  # layers of heads whose sum are the logits


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """The calibration error, and what it is made of: {ece, bins: [{confidence, accuracy, rows}]}, of bins that have rows.

    labels: int [rows]; probabilities: float [rows, classes]. Confidence: the probability of the predicted class.
    """
    groups = Groups(labels, probabilities)
    which = confidence_bin(groups.confidence)
    rows, confidence, hits = (np.bincount(which, w, CONFIDENCE_BINS) for w in (None, groups.confidence, groups.hit))
    bins = [
        {"confidence": float(said), "accuracy": float(true), "rows": int(count)}
        for said, true, count in zip(divided(confidence, rows * 1.0), divided(hits, rows * 1.0), rows, strict=True)
        if count
    ]
    return {"ece": float(ece(Sums(groups))[0]), "bins": bins}


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What logits have to be divided by for the least cross-entropy. Guo et al., On Calibration of Modern Neural Networks (2017).

    logits: float [rows, classes]; labels: int [rows].
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    logits = np.asarray(logits, np.float64)
    chosen = logits[np.arange(len(labels)), labels]

    def loss(log: float) -> float:
        return float((logsumexp(logits / np.exp(log), axis=1) - chosen / np.exp(log)).mean())

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
        before, after = (Sums(Groups(split.labels, _softmax(logits / divisor))) for divisor in (1.0, found))
        result.calibration["temperature"] = {
            "value": found, "rows": len(split), "loss": [float(loss(sums)[0]) for sums in (before, after)],
            "ece": [float(ece(sums)[0]) for sums in (before, after)],
        }  # fmt: skip
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


def _softmax(logits: np.ndarray) -> np.ndarray:
    from scipy.special import softmax

    return softmax(np.asarray(logits, np.float64), axis=1)
