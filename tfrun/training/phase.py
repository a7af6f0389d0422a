"""One phase of training: its variables, its compiled steps, its measurements, all functions of the step."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfrun import duration
from tfrun.evaluation.metrics import improves
from tfrun.strategy.agreement import agreed
from tfrun.training import Phase
from tfrun.training.checkpoint import State
from tfrun.training.groups import Paced, named, paced
from tfrun.training.loop import Loop, Pace
from tfrun.training.loss import loss_of
from tfrun.training.precision import LossScale, computing_in
from tfrun.training.step import Step, Trained
from tfrun.training.xla import choose

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.training.feed import Feed
    from tfrun.training.progress import Progress


class PhaseRun:
    """Holds the variables of a phase. `saved()` and `restore()` are all of its state, together with `progress`."""

    def __init__(self, experiment: Experiment, feed: Feed, phase: Phase, progress: Progress):
        self.experiment, self.feed, self.phase, self.progress = experiment, feed, phase, progress
        self.training, self.model, self.strategy = experiment.training, feed.model, feed.strategy
        if phase.unfreeze:
            self.model.unfreeze(True)
        self.total = max(1, self.steps(f"{phase.epochs} epochs"))
        self.loss = loss_of(self.model.task, self.training)
        self.from_features = not phase.unfreeze and (not experiment.augment.changes_inputs or experiment.augment.views > 0)
        if not self.from_features:
            self.model.lazy.load()  # variables cannot be made where a step is traced
        self.weights = named(self.model, with_backbone=phase.unfreeze)
        self.paced = paced(self.model, phase, self.training.groups, self.steps)
        self.best: dict[str, np.ndarray] = {}
        with self.strategy.scope():
            self._make_state()

    def steps(self, text: str) -> int:
        """A duration in steps; a percentage is of this phase."""
        total = getattr(self, "total", 0)
        rows, batch_size = len(self.feed.data.splits["train"]), self.training.batch_size
        return duration.steps(text, total=total, examples=rows, batch_size=batch_size)

    # --- state

    def _make_state(self) -> None:
        optimizer = self.experiment.optimizer
        self.slots = {
            f"{name}/{slot}": self._beside(variable)
            for part in self.paced
            for name, variable in part.variables.items()
            for slot in optimizer.slots
        }
        averaged = self.weights if self.training.ema_decay else {}
        trainable = {name for part in self.paced for name in part.variables}
        self.averages = {
            name: tf.Variable(variable.numpy(), trainable=False) for name, variable in averaged.items() if name in trainable
        }
        self.loss_scale = LossScale() if self.training.precision == "mixed_float16" else None
        self.keras_optimizer = None if optimizer.fused else self._keras_optimizer()

    def _beside(self, variable: tf.Variable) -> tf.Variable:
        """Zeros, on the device that has `variable`: one kernel changes both."""
        with self.strategy.extended.colocate_vars_with(variable):
            return tf.Variable(tf.zeros(variable.shape), trainable=False)

    def _keras_optimizer(self):
        optimizer = self.experiment.optimizer.build(1.0)
        optimizer.build([variable for part in self.paced for variable in part.variables.values()])
        return optimizer

    def _variables(self) -> dict[str, tf.Variable]:
        found = {f"weights/{name}": variable for name, variable in self.weights.items()}
        found |= {f"slots/{name}": variable for name, variable in self.slots.items()}
        found |= {f"averages/{name}": variable for name, variable in self.averages.items()}
        if self.loss_scale:
            found |= {f"loss_scale/{name}": variable for name, variable in self.loss_scale.variables.items()}
        if self.keras_optimizer:
            found |= {f"optimizer/{number:04d}": v.value for number, v in enumerate(self.keras_optimizer.variables)}
        return found

    def saved(self) -> State:
        """A copy of all of it, as it is now."""
        arrays = {name: variable.numpy() for name, variable in self._variables().items()}
        return State(arrays | {f"best/{name}": value for name, value in self.best.items()}, self.progress.facts())

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        for name, variable in self._variables().items():
            variable.assign(arrays[name])
        self.best = {name.removeprefix("best/"): value for name, value in arrays.items() if name.startswith("best/")}

    # --- the steps

    def segments(self) -> Iterator[tuple[int, int]]:
        """(first, last) of the stretches in which the same variables are trained; steps of the phase."""
        marks = sorted({0, self.total, *(part.wait for part in self.paced if part.wait < self.total)})
        return itertools.pairwise(marks)

    def loop(self, first: int, last: int, resident: bool = False) -> Loop:
        """For steps `first` to `last` of the phase, of one segment; with XLA where that is asked for or faster.

        resident: over one batch again and again, for profiles.
        """
        begun = self.progress.start
        groups = [self._trained(part) for part in self.paced if part.wait <= first]
        step = self._step(groups)

        if resident:
            return self.feed.resident(step, self.progress.step, self.from_features, xla=False)

        def make(xla: bool) -> Loop:
            return self.feed.loop(step, self.progress.step, self.from_features, xla)

        key = f"{begun + first}"
        work = 6.0 * self.training.batch_size * sum(int(np.prod(v.shape)) for group in groups for v in group.variables)
        rest = begun + last - self.progress.step
        asked = self.progress.xla.get(key, self.training.xla)  # what a stopped run has chosen is not chosen again
        strict = self.experiment.determinism == "strict"
        loop, self.progress.xla[key] = choose(asked, make, self, rest, work, strict)
        return loop

    def _trained(self, part: Paced) -> Trained:
        names = self.experiment.optimizer.slots
        slots = [[self.slots[f"{name}/{slot}"] for slot in names] for name in part.variables]
        constraints = tuple((part.variables[name], constraint) for name, constraint in part.constraints.items())
        return Trained(
            list(part.variables.values()), slots, part.multiplier, self.progress.start + part.wait, constraints
        )  # fmt: skip

    def _step(self, groups: list[Trained]) -> Step:
        training, model, fixed = self.training, self.model, self.from_features
        updates_statistics = self.phase.unfreeze and self.phase.batch_norm == "update"
        layers = [layer for layer in model.head.layers if layer.weights] if training.precision != "float32" else []

        def forward(inputs):
            features = inputs if fixed else model.backbone(inputs, training=updates_statistics)
            with computing_in(training.precision, layers):
                return tf.cast(model.head(features, training=True), tf.float32)

        def penalties():
            return [*model.head.losses, *(model.backbone.penalties() if self.phase.unfreeze else [])]

        trained = {variable.ref() for group in groups for variable in group.variables}
        averages = tuple((self.weights[n], a) for n, a in self.averages.items() if self.weights[n].ref() in trained)
        return Step(
            forward, self.loss, penalties, self.experiment.optimizer, self._rate(),
            groups, training.batch_size, self.strategy.num_replicas_in_sync, training.gradient_accumulation, training.clip_norm,
            self.loss_scale, averages, training.ema_decay or 0.0, self._keras_updates(groups) if self.keras_optimizer else None,
        )  # fmt: skip

    def _rate(self):
        peak = self.phase.learning_rate or self.experiment.optimizer.learning_rate
        schedule, start = self.experiment.schedule.build(peak, self.total, self.steps), self.progress.start
        return lambda number: schedule(number - start)

    def _keras_updates(self, groups: list[Trained]):
        optimizer = self.keras_optimizer

        def update(gradients: list[tf.Tensor], rate: tf.Tensor) -> None:
            """Gradients cannot carry a rate each, so groups are refused for these optimizers (see config/check)."""
            optimizer.learning_rate.assign(rate * groups[0].multiplier)
            optimizer.apply(gradients, [variable for group in groups for variable in group.variables])

        return update

    # --- measuring

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the weights are their moving averages."""
        now = {name: self.weights[name].numpy() for name in self.averages}
        self._assign({name: average.numpy() for name, average in self.averages.items()})
        try:
            yield
        finally:
            self._assign(now)

    def measure(self) -> dict:
        """A row for the curves; notes the weights where they are the best so far."""
        progress, rows = self.progress, {}
        loss, told, weights, examples = progress.totals
        if examples:
            rows["train"] = {"loss": loss / weights} if self.loss.as_measured else {}
            rows["train"][self.loss.shown] = told / weights
        with self.averaged():
            if "validation" in self.feed.data.splits:
                rows["validation"] = agreed(self.strategy, self._validation)
                self._note(rows["validation"][self.training.monitor])
        epoch = progress.step * self.training.batch_size / len(self.feed.data.splits["train"])
        row = {
            "step": progress.step, "epoch": round(epoch, 3), "phase": self.phase.name,
            "seconds": round(progress.seconds_since, 3), **rows,
        }  # fmt: skip
        progress.totals, progress.seconds_since, progress.measured = [0.0] * 4, 0.0, progress.step
        progress.rows.append(row)
        return row

    def _validation(self) -> dict[str, float]:
        split = self.feed.data.splits["validation"]
        if self.phase.unfreeze:
            answers = self.model.predict(split)
        else:
            answers = self.model.predict_from_features(self.feed.features("validation"))
        return self.experiment.evaluation.measure(split.labels, answers, answers.shape[1])

    def _note(self, value: float) -> None:
        progress = self.progress
        if not improves(self.training.monitor, value, progress.best_value):
            return
        progress.best_value, progress.best_step, progress.improved = value, progress.step, progress.step
        if self.phase.keep == "best":
            self.best = {name: variable.numpy() for name, variable in self.weights.items()}

    # --- the end

    def finish(self) -> None:
        """Leaves the chosen weights in the model; the next phase starts from them."""
        if self.averages:
            self._assign({name: average.numpy() for name, average in self.averages.items()})
        if self.best:
            self._assign(self.best)
        self.close()

    def close(self) -> None:
        if self.phase.unfreeze:
            self.model.unfreeze(False)

    def _assign(self, values: dict[str, np.ndarray]) -> None:
        for name, value in values.items():
            self.weights[name].assign(value)

    def advance(self, loop: Loop, last: int, pace: Pace, asked_to_stop) -> Iterator:
        """Calls of the loop up to step `last` of the phase; keeps `progress` with them."""
        progress, began = self.progress, time.perf_counter()
        for stretch in loop.run(progress.step, progress.start + last, pace, progress.slowdown, asked_to_stop):
            progress.step += stretch.steps
            progress.totals = [float(total) for total in np.add(progress.totals, stretch.totals)]
            now = time.perf_counter()
            progress.seconds_since += now - began
            progress.seconds += now - began
            progress.examples += stretch.steps * self.training.batch_size
            began = now
            yield stretch
