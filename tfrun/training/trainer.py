"""The phases of a training, one after the other, and which weights were best."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfrun import duration
from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.metrics import improves
from tfrun.training import Phase
from tfrun.training.checkpoint import Checkpoint
from tfrun.training.loop import Loop
from tfrun.training.step import make_step
from tfrun.training.stream import feature_batches, input_batches

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record


@dataclass
class History:
    """What training saw. rows: one mapping a measurement. best_step: 0 where the last weights were kept."""

    rows: list[dict] = field(default_factory=list)
    best_step: int = 0
    best_value: float | None = None
    examples: int = 0
    seconds: float = 0.0
    extracted: int = 0
    extraction_seconds: float = 0.0


def train(experiment: Experiment, model: Model, data: Data, strategy: tf.distribute.Strategy, record: Record) -> History:
    """Trains `model` in place through all phases; leaves the best (or last) weights in it.

    Raises RunError when the loss diverges. A KeyboardInterrupt leaves the last weights in `checkpoints/last`.
    """
    if experiment.training.batch_size % strategy.num_replicas_in_sync:
        rule = f"cannot be shared out evenly over {strategy.num_replicas_in_sync} devices"
        raise RunError(Problem("training.batch_size", rule, "use a multiple of that", experiment.training.batch_size))
    trainer = _Trainer(experiment, model, data, strategy, record)
    for phase in experiment.training.phases():
        trainer.run(phase)
    return trainer.history


class _Trainer:
    def __init__(self, experiment, model, data, strategy, record):
        self.experiment, self.model, self.data = experiment, model, data
        self.strategy, self.record, self.history = strategy, record, History()
        self.step = 0
        self._features: dict[str, np.ndarray] = {}
        changed = model.variables if experiment.training.unfreezes else model.head.variables
        self.checkpoint = Checkpoint(record.directory / "checkpoints", changed)

    @property
    def has_validation(self) -> bool:
        return "validation" in self.data.splits

    def run(self, phase: Phase) -> None:
        self.model.backbone.trainable = phase.unfreeze
        total = max(1, self._steps(f"{phase.epochs} epochs", 0))
        every = max(1, self._steps(self.experiment.training.evaluate_every, total))
        fixed = not phase.unfreeze and not self.experiment.augment.changes_inputs
        loop = Loop(self._make_step(phase, total, fixed), self._batches(phase, fixed), self.strategy)
        if phase.unfreeze:
            self._features.clear()
        start, self.history.best_value = self.step, None
        if self.has_validation:
            self._measure(phase, {}, seconds=0.0)
        with self.record.progress(f"training ({phase.name})", total, "steps") as progress:
            try:
                for first in range(0, total, every):
                    self._stretch(loop, phase, first, min(first + every, total), progress)
            except KeyboardInterrupt:
                self.step = start + progress.done
                self.checkpoint.save("last")
                raise
        self.model.backbone.trainable = False
        self._finish(phase)

    def _stretch(self, loop: Loop, phase: Phase, first: int, last: int, progress) -> None:
        began, rows, loss, accuracy = time.perf_counter(), 0, 0.0, 0.0
        for step, stretch in loop.run(first, last, self.experiment.training.steps_per_call):
            loss += stretch.loss * stretch.rows
            accuracy += stretch.accuracy * stretch.rows
            rows += stretch.rows
            progress.reach(step, f"loss {stretch.loss:.3f}")
        seconds = time.perf_counter() - began
        self.step += last - first
        self.history.examples += rows
        self.history.seconds += seconds
        self._measure(phase, {"loss": loss / rows, "accuracy": accuracy / rows}, seconds)

    def _measure(self, phase: Phase, training: dict[str, float], seconds: float) -> None:
        """Validation metrics, the row for the curves, and the checkpoint when these weights are the best so far."""
        measured = {"train": training} if training else {}
        if self.has_validation:
            split = self.data.splits["validation"]
            probabilities = self._predict("validation")
            measured["validation"] = self.experiment.evaluation.measure(split.labels, probabilities, len(self.model.classes))
            self._keep_best(phase, measured["validation"])
        epoch = self.step * self.experiment.training.batch_size / len(self.data.splits["train"])
        row = {"step": self.step, "epoch": round(epoch, 3), "phase": phase.name, "seconds": round(seconds, 3), **measured}
        self.history.rows.append(row)
        self.record.metrics(row)

    def _keep_best(self, phase: Phase, metrics: dict[str, float]) -> None:
        monitor = self.experiment.training.monitor
        value = metrics[monitor]
        if phase.keep == "best" and improves(monitor, value, self.history.best_value):
            self.checkpoint.save("best")
            self.history.best_value, self.history.best_step = value, self.step

    def _finish(self, phase: Phase) -> None:
        """Leaves the chosen weights in the model; the next phase starts from them."""
        self.checkpoint.save("last")
        if phase.keep == "best" and self.has_validation:
            self.checkpoint.restore("best")

    def _make_step(self, phase: Phase, total: int, fixed: bool):
        model, updates_statistics = self.model, phase.unfreeze and phase.batch_norm == "update"

        def forward(inputs):
            features = inputs if fixed else model.backbone(inputs, training=updates_statistics)
            return model.head(features, training=True)

        def penalties():
            return [*model.head.losses, *model.backbone.penalties()] if phase.unfreeze else list(model.head.losses)

        with self.strategy.scope():
            updates = [(self._optimizer(phase, total, 1.0), model.head.trainable_variables)]
            if phase.unfreeze:
                updates.append(
                    (self._optimizer(phase, total, phase.backbone_learning_rate), model.backbone.trainable_variables)
                )
            for optimizer, variables in updates:
                optimizer.build(variables)
        return make_step(forward, penalties, updates, self.experiment.training.batch_size, self.strategy.num_replicas_in_sync)

    def _optimizer(self, phase: Phase, total: int, multiplier: float):
        peak = (phase.learning_rate or self.experiment.optimizer.learning_rate) * multiplier
        rate = self.experiment.schedule.build(peak, total, lambda text: self._steps(text, total))
        return self.experiment.optimizer.build(rate)

    def _batches(self, phase: Phase, fixed: bool) -> tf.data.Dataset:
        split, size, seed = self.data.splits["train"], self.experiment.training.batch_size, self.experiment.seed
        if fixed:
            return feature_batches(self._extract("train"), split.labels, size, seed)
        return input_batches(self.model, split, self.experiment.augment, size, seed)

    def _predict(self, name: str) -> np.ndarray:
        if self.model.backbone.trainable:
            return self.model.predict(self.data.splits[name])
        return self.model.predict_from_features(self._extract(name))

    def _extract(self, name: str) -> np.ndarray:
        """Features of a fixed backbone, computed once."""
        if name not in self._features:
            split, began = self.data.splits[name], time.perf_counter()
            with self.record.progress(f"features ({name})", len(split), "rows") as progress:
                self._features[name] = self.model.features(split, progress.reach)
            self.history.extracted += len(split)
            self.history.extraction_seconds += time.perf_counter() - began
        return self._features[name]

    def _steps(self, text: str, total: int) -> int:
        batch_size = self.experiment.training.batch_size
        return duration.steps(text, total=total, examples=len(self.data.splits["train"]), batch_size=batch_size)
