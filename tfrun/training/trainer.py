"""The story of a training: phases one after the other, from the newest checkpoint where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from tfrun.config.problems import Problem, RunError
from tfrun.strategy.agreement import agreed_state, leads
from tfrun.training.checkpoint import Checkpoints, State
from tfrun.training.feed import Feed
from tfrun.training.loop import Pace
from tfrun.training.phase import PhaseRun
from tfrun.training.profile import profile
from tfrun.training.progress import Progress
from tfrun.training.stopping import Stop, heard

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record

_ROLLBACKS = 5  # that many falls of the learning rate, then the run stops


@dataclass(frozen=True)
class History:
    """What training saw. rows: one mapping a measurement. best_value: None where the last weights were kept.
    extracted, reused: rows whose features were computed, and were in the store. xla: whether, by first step of a compiled loop.
    """

    rows: list[dict]
    steps: int
    best_step: int
    best_value: float | None
    examples: int
    seconds: float
    extracted: int
    reused: int
    extraction_seconds: float
    engine: str
    resumed_at: int | None
    rollbacks: int
    xla: dict[str, bool]
    profiles: dict[str, dict]


class Broken(Exception):
    """The loss of a step is not finite."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


class Paused(Exception):
    """So far and no further for now. rows: one mapping a measurement, as in `History`."""

    def __init__(self, rows: list[dict]):
        super().__init__(f"paused after {rows[-1]['epoch']:g} epochs")
        self.rows = rows


def train(
    experiment: Experiment,
    model: Model,
    data: Data,
    strategy: tf.distribute.Strategy,
    record: Record,
    until: float | None = None,
) -> History:
    """Trains `model` in place through all phases; leaves the best (or last) weights in it.

    until: epochs after which it is saved and Paused is raised, at the first measurement then.

    Goes on from the newest sound checkpoint in the run directory, and ends in the weights that an unbroken run ends in.
    Raises RunError when the loss diverges; KeyboardInterrupt or Terminated after it has saved the state.
    """
    training, rows = experiment.training, len(data.splits["train"])
    if training.batch_size > rows:
        rule = f"is more than the {rows} rows of the training split"
        raise RunError(Problem("training.batch_size", rule, f"use {rows} at most", training.batch_size))
    if training.batch_size % (strategy.num_replicas_in_sync * training.gradient_accumulation):
        rule = f"cannot be shared out evenly over {strategy.num_replicas_in_sync} devices"
        rule += f" and {training.gradient_accumulation} parts" if training.gradient_accumulation > 1 else ""
        raise RunError(Problem("training.batch_size", rule, "use a multiple of that", training.batch_size))
    with heard() as stop:
        return _Trainer(experiment, Feed(experiment, model, data, strategy, record), record, stop, until).train()


class _Trainer:
    def __init__(self, experiment: Experiment, feed: Feed, record: Record, stop: Stop, until: float | None):
        self.until = until
        self.experiment, self.feed, self.record, self.stop = experiment, feed, record, stop
        self.training = experiment.training
        self.checkpoints = Checkpoints(record.directory / "checkpoints", self.training.checkpoints, record.warn)
        self.identity = {"data": feed.data.fingerprint, "rows": len(feed.data.splits["train"])}
        fixed = self.training.steps_per_call
        self.pace = Pace(None if fixed == "auto" else fixed)
        self.resumed_at: int | None = None
        self.profiles: dict[str, dict] = {}

    def train(self) -> History:
        progress = self._resumed() or Progress()
        phases = self.training.phases()
        while not progress.done or self._waiting is not None:  # of a finished training too the weights are to be had
            progress = self._phase(PhaseRun(self.experiment, self.feed, phases[progress.phase], progress), len(phases))
        self.checkpoints.wait()
        kept = phases[-1].keep == "best" and "validation" in self.feed.data.splits
        feed = self.feed
        return History(
            progress.rows, progress.step, progress.best_step, progress.best_value if kept else None, progress.examples,
            progress.seconds, feed.extracted, feed.reused, feed.extraction_seconds, feed.engine, self.resumed_at, progress.rollbacks, progress.xla,
            self.profiles,
        )  # fmt: skip

    def _resumed(self) -> Progress | None:
        """The progress of the newest checkpoint; its arrays wait in `self._waiting` for the phase they belong to."""
        self._waiting: State | None = agreed_state(self.feed.strategy, self.checkpoints.newest)
        if self._waiting is None:
            return None
        facts = dict(self._waiting.facts)
        if facts.pop("identity") != self.identity:
            rule = "the data have changed since this run was stopped"
            raise RunError(Problem(str(self.record.directory), rule, "bring them back, or start a new run"))
        progress = Progress(**facts)
        self.resumed_at = progress.step
        self.record.say(f"resumed     at step {progress.step}")
        return progress

    def _phase(self, run: PhaseRun, phases: int) -> Progress:
        progress = run.progress
        if self._waiting is not None:
            run.restore(self._waiting.arrays)
            self._waiting = None
            if progress.done:
                run.close()
                return progress
        else:
            self._save(run)
        try:
            self._steps(run)
        except Broken as broken:
            return self._after_break(run, broken)
        run.finish()
        if progress.phase + 1 < phases:
            progress.next_phase()
            return progress
        progress.done = True
        self._save(run)
        return progress

    def _steps(self, run: PhaseRun) -> None:
        """All steps of a phase, or those until early stopping."""
        every, saves = (max(1, run.steps(text)) for text in (self.training.evaluate_every, self.training.checkpoint_every))
        patience = run.steps(self.training.early_stopping) if self.training.early_stopping else None
        progress, title = run.progress, f"training ({run.phase.name})"
        with self.record.progress(title, run.total, "steps") as shown:
            for first, last in run.segments():
                if progress.step - progress.start >= last:
                    continue
                loop = None
                while True:
                    here = progress.step - progress.start
                    if (here % every == 0 or here == run.total) and progress.measured != progress.step:
                        self.record.metrics(run.measure())
                        if patience is not None and progress.step - progress.improved >= patience:
                            self.record.say(f"early stop  {run.phase.name}: no better since step {progress.improved}")
                            return
                    if here >= last:
                        break
                    self._pause(run)
                    if self.training.profile and run.phase.name not in self.profiles:
                        self._profile(run, first, last)
                    loop = loop or run.loop(first, last)
                    self._stretch(run, loop, min(last, _next(here, every), _next(here, saves)), shown)
                    if (progress.step - progress.start) % saves == 0:
                        self._save(run)

    def _pause(self, run: PhaseRun) -> None:
        """Where it has come as far as it should for now."""
        rows = run.progress.rows
        if self.until is not None and rows and rows[-1]["epoch"] >= self.until:
            self._save(run)
            self.checkpoints.wait()
            raise Paused(rows)

    def _profile(self, run: PhaseRun, first: int, last: int) -> None:
        found = profile(run, first, last, self.record.directory / "profile")
        self.profiles[run.phase.name] = found.as_dict()
        self.record.say(f"profile     {found.verdict}")

    def _stretch(self, run: PhaseRun, loop, last: int, shown) -> None:
        progress = run.progress
        for stretch in run.advance(loop, last, self.pace, lambda: bool(self.stop.requested)):
            if stretch.broken is not None:
                raise Broken(stretch.broken)
            loss = stretch.totals[0] / max(stretch.totals[2], 1e-9)
            shown.reach(progress.step - progress.start, f"loss {loss:.3f}")
            if stretch.stopped:
                self._save(run)
                self.checkpoints.wait()
                self.record.say(
                    f"stopped     at step {progress.step}; go on with: python -m tfrun resume {self.record.directory}"
                )
                raise (self.stop.requested or KeyboardInterrupt)

    def _save(self, run: PhaseRun) -> None:
        if not leads(self.feed.strategy):
            return
        state = run.saved()
        state.facts["identity"] = self.identity
        self.checkpoints.save(run.progress.step, state, order=run.progress.phase + run.progress.done)

    def _after_break(self, run: PhaseRun, broken: Broken) -> Progress:
        """Stops, or goes back to the last checkpoint with half the learning rate, as the config says."""
        rows = self.feed.broken_rows(broken.step, run.from_features)
        if rows:
            shown = ", ".join(rows[:5]) + (" …" if len(rows) > 5 else "")
            rule = f"the loss is not finite at step {broken.step}, nor are the inputs of {shown}"
            raise RunError(Problem("dataset", rule, "mend or remove these rows"))
        rule, slower = f"the loss is not finite at step {broken.step}", run.progress.slowdown / 2
        if self.training.on_nan == "stop":
            way_out = "lower it, add schedule.warmup or training.clip_norm, or set training.on_nan=rollback"
            raise RunError(Problem("optimizer.learning_rate", rule, way_out, self.experiment.optimizer.learning_rate))
        rollbacks = run.progress.rollbacks + 1
        self._waiting = agreed_state(self.feed.strategy, self.checkpoints.newest)
        if rollbacks > _ROLLBACKS or self._waiting is None:
            way_out = "lower optimizer.learning_rate"
            raise RunError(Problem("training.on_nan", f"{rule}, after {_ROLLBACKS} rollbacks", way_out, "rollback"))
        facts = {key: value for key, value in self._waiting.facts.items() if key != "identity"}
        progress = Progress(**facts)
        progress.slowdown, progress.rollbacks = slower, rollbacks
        self.record.warn(f"{rule}: back to step {progress.step} with {slower:g} times the learning rate")
        return progress


def _next(step: int, every: int) -> int:
    """The next multiple of `every` after `step`."""
    return (step // every + 1) * every
