"""The stage of a run that measures the trained model on held-out rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.export.held import Held
    from tfrun.model import Model
    from tfrun.record import Record
    from tfrun.record.result import Result


def evaluate(experiment: Experiment, model: Model, data: Data, record: Record, result: Result) -> Held:
    """Metrics of the trained model; the test split's predictions are what exports are held against.

    Raises RunError where a threshold is asked for that these data cannot have.
    """
    from tfrun.evaluation.auto import add_worst
    from tfrun.evaluation.calibration import reliability
    from tfrun.evaluation.shift import shift, spread
    from tfrun.evaluation.slices import named_slices
    from tfrun.evaluation.threshold import decided, in_contract, missing
    from tfrun.export.held import Held
    from tfrun.export.numeric import numeric

    with record.stage("evaluation") as stage:
        result.primary = experiment.evaluation.primary
        began, rows = time.perf_counter(), 0
        features, predictions = {}, {}
        asked = [*experiment.evaluation.splits, "test"]
        if experiment.evaluation.threshold.target != "none":
            asked.append("validation")
        for name in dict.fromkeys(asked):
            if name in data.splits:
                split = data.splits[name]
                predictions[name], features[name] = model.predict_keeping(split, spread(len(split)))
                rows += len(split)
                result.metrics[name] = experiment.evaluation.measure(split.labels, predictions[name], data.outputs)
                result.intervals[name] = experiment.evaluation.intervals(split.labels, predictions[name], data.outputs)
                result.slices[name] = named_slices(experiment.evaluation, split, predictions[name])
        if data.task != "regression":
            result.calibration["test"] = reliability(data.splits["test"].labels, predictions["test"])
        if experiment.evaluation.threshold.target != "none":
            result.thresholds = decided(experiment.evaluation.threshold, data, predictions)
        if "auto" in experiment.evaluation.slices:
            add_worst(experiment.evaluation, data, predictions["test"], result)
        result.throughput["evaluation_rows_per_second"] = round(rows / (time.perf_counter() - began), 1)
        shown = [experiment.evaluation.primary, *(n for n in ("accuracy", "mae", "loss") if n != experiment.evaluation.primary)]
        stage.says = "test " + ", ".join(
            f"{name} {result.metrics['test'][name]:.4f}" for name in shown if name in result.metrics["test"]
        )
        stage.says += f"; {len(result.worst_slices)} slices are worse than the rest" if result.worst_slices else ""
        moved = list(shift(model, data, features, experiment.checks))
    _further(experiment, model, data, record, result)
    if without := missing(result.thresholds):
        record.warn(f"evaluation.threshold: {without}")
    for anomaly in moved:
        record.warn(str(anomaly))
    result.checks["anomalies"] += [anomaly.plain() for anomaly in moved]
    part = numeric(model)
    return Held(
        data.splits["test"],
        predictions["test"],
        result.metrics["test"],
        part and part.of,
        in_contract(result.thresholds, data.task),
        data.classes,
        model.task.output,
        model.task.unit,
    )


def _further(experiment: Experiment, model: Model, data: Data, record: Record, result: Result) -> None:
    """Damaged rows and another data set, where they are asked for."""
    from tfrun.evaluation.robustness import elsewhere, robustness

    evaluation = experiment.evaluation
    if not (evaluation.corruptions or evaluation.also):
        return
    with record.stage("robustness") as stage:
        says = []
        if evaluation.corruptions:
            result.robustness = robustness(experiment, model, data, result.metrics["test"])
            least = min(
                (one["kept"], name)
                for name, found in result.robustness.items()
                for one in found.values()
                if one["kept"] is not None
            )
            says.append(f"least under {least[1]}: {least[0]:.3f} of test {evaluation.primary}")
        if evaluation.also:
            result.also = elsewhere(experiment, model, data)
            says.append(
                f"{evaluation.primary} {result.also['metrics'][evaluation.primary]:.4f} on {result.also['rows']:,} rows of {result.also['source']}"
            )
        stage.says = "; ".join(says)
