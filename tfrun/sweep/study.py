"""The story of a sweep: ask, start, watch, tell, until nothing is left; each step in the store before the next."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrun.apart import Failed
from tfrun.component import plain
from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.metrics import LOWER_IS_BETTER
from tfrun.experiment import Experiment
from tfrun.provenance.secrets import referring, referring_overrides
from tfrun.record.record import alone
from tfrun.sweep import Report, Suggestion, Sweep
from tfrun.sweep.auto import AutoSweep
from tfrun.sweep.pareto import pareto
from tfrun.sweep.same import flat, refuse_another
from tfrun.sweep.store import Trial, store_of
from tfrun.sweep.trial import rows_of, so_far
from tfrun.sweep.variants import Variants

_LOOK = 0.2  # seconds between looks at what runs
_SMALLER_IS_BETTER = LOWER_IS_BETTER | {"seconds", "parameters"}


@dataclass
class Study:
    """One sweep. base: the experiment that all trials share. directory: of the sweep. told: called whenever a trial has changed.
    command: what `python -m tfrun resume DIR` gives the command line again. looked: called several times a second.
    """

    base: Experiment
    variants: Variants
    directory: Path
    pool: Any
    told: Callable[[Trial], None] = lambda trial: None
    command: list[str] = field(default_factory=list)
    looked: Callable[[], None] = lambda: None
    trials: dict[int, Trial] = field(default_factory=dict)
    _curves: dict[int, tuple[int, list[dict]]] = field(default_factory=dict)  # (bytes, measurements)
    _since: dict[int, float] = field(default_factory=dict)  # when its work at hand began

    def __post_init__(self):
        settings = self.base.sweep
        self.settings: Sweep = settings
        self.names = [self.base.evaluation.primary if name == "primary" else name for name in settings.objectives]
        self.lower = tuple(name in _SMALLER_IS_BETTER for name in self.names)
        epochs = sum(phase.epochs for phase in self.base.training.phases())
        self.engine = settings.engine(self.variants.space, self.lower, epochs)
        self.pruner = settings.pruner_of(self.names[0], self.lower[0], epochs)
        self.failures = 0
        self.epochs = epochs  # of a whole trial

    # --- going through it

    def run(self) -> None:
        """Raises RunError when too many trials fail, ConfigError when the sweep that is gone on with is another one."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with alone(self.directory):
            self.store = store_of(self.directory, self.settings.storage)
            try:
                waiting = self._resumed()
                self._go(waiting)
                self.store.end("done")
            finally:
                self.pool.close()
                self.store.close()

    def _go(self, waiting: list[Suggestion]) -> None:
        asked_in_vain = False  # nothing has changed since the engine had nothing to suggest
        while True:
            while self.pool.has_room and not asked_in_vain:
                suggestion = waiting.pop(0) if waiting else self._ask()
                if suggestion is None:
                    asked_in_vain = True
                    break
                self._start(suggestion)
            if not self.pool.running:
                return
            self.pool.wait(_LOOK)
            self.looked()
            for running, answer in self.pool.ended():
                asked_in_vain = False
                self._since[running.number] = running.began  # it may have waited for a machine
                self._ended(self.trials[running.number], running.stopped, answer)
            self._prune()

    def _ask(self) -> Suggestion | None:
        suggestion = self.engine.ask()
        if suggestion is None:
            self.store.asked(None, None)
            return None
        trial = self.trials.get(suggestion.number)
        if trial is None:
            trial = Trial(
                suggestion.number, suggestion.values, directory=str(self.directory / str(suggestion.number)), began=time.time()
            )
            self.trials[trial.number] = trial
        trial.state, trial.until = "running", suggestion.until
        self.store.asked(suggestion, trial)
        return suggestion

    def _start(self, suggestion: Suggestion) -> None:
        trial = self.trials[suggestion.number]
        trial.began = trial.began or time.time()
        self._since[trial.number] = time.time()
        # A trial is no sweep: its config stays the same when the sweep is gone on with.
        mapping = {**self.variants.plain(suggestion.values), "sweep": plain(AutoSweep())}
        self.pool.start(suggestion, mapping, Path(trial.directory))
        self.told(trial)

    def _ended(self, trial: Trial, stopped: str, answer: dict[str, Any] | Failed) -> None:
        trial.ended = time.time()
        trial.seconds = round(trial.seconds + trial.ended - self._since[trial.number], 3)
        if isinstance(answer, Failed) and answer.killed and stopped:  # before it could hear what it was asked
            answer = {"state": "stopped", **so_far(Path(trial.directory), self.variants.experiment(trial.values))}
        if isinstance(answer, dict) and answer["state"] == "stopped" and not stopped:
            answer = Failed("was stopped by signal 15", killed=True)
        if isinstance(answer, Failed) and answer.killed and trial.killed < self.settings.retries:
            self._retry(trial, str(answer))
            return
        trial.error = ""
        if isinstance(answer, Failed):
            trial.state, trial.error, trial.traceback = "failed", str(answer), answer.traceback
        else:
            trial.state = "pruned" if answer["state"] == "stopped" else answer["state"]
            trial.measured, trial.epochs = answer["measured"], answer["epochs"]
            trial.artifacts = answer.get("artifacts", [])
            trial.objectives = self._objectives(trial)
        if trial.state != "failed" and trial.objectives is None:
            trial.state = "failed"
            trial.error = f"has no finite {' and '.join(name for name in self.names if not _finite(trial.measured.get(name)))}"
        trial.error = trial.error or (stopped if trial.state == "pruned" else "")
        report = Report(trial.number, trial.state, tuple(trial.objectives) if trial.objectives else None, trial.epochs)
        self.store.told(report, trial)
        self.engine.tell(report)
        self.told(trial)
        self.failures += trial.state == "failed"
        if self.settings.max_failures is not None and self.failures > self.settings.max_failures:
            rule = f"{self.failures} trials have failed, more than {self.settings.max_failures}: the last with: {trial.error}"
            raise RunError(
                Problem("sweep.max_failures", rule, f"see {self.directory}; sweep.resume goes on", self.settings.max_failures)
            )

    def _retry(self, trial: Trial, why: str) -> None:
        """The engine is not told: to it the trial has never stopped."""
        trial.killed, trial.error = trial.killed + 1, why
        self.store.keep(trial)
        self._start(Suggestion(trial.number, trial.values, trial.until))

    def _objectives(self, trial: Trial) -> list[float] | None:
        values = [trial.measured.get(name) for name in self.names]
        return values if all(_finite(value) for value in values) else None

    def _prune(self) -> None:
        if not self.settings.prunes:
            return
        curves = {number: self._curve(trial) for number, trial in self.trials.items()}
        states = {number: trial.state for number, trial in self.trials.items()}
        for number, running in self.pool.running.items():
            why = "" if running.stopped else self.pruner.why(number, curves, states)
            if why:
                self.pool.ask_to_stop(number, why)

    def _curve(self, trial: Trial) -> list[dict]:
        """Its measurements; read again only where there are more of them."""
        directory = Path(trial.directory)
        size = sum(path.stat().st_size for path in directory.glob("metrics.jsonl"))
        if self._curves.get(trial.number, (0, []))[0] != size:
            self._curves[trial.number] = (size, rows_of(directory))
        return self._curves.get(trial.number, (0, []))[1]

    # --- going on with it

    def _resumed(self) -> list[Suggestion]:
        """What was asked and not told, once the engine has gone through all that happened."""
        facts = {
            "space": self.variants.space.plain(),
            "base": {key: value for key, value in flat(referring(plain(self.base))).items() if not key.startswith("sweep.")},
            "sweep": {key: value for key, value in plain(self.settings).items() if key not in self.settings.free},
            "command": referring_overrides(self.command),
        }
        before = self.store.facts()
        if before is None:
            if self.settings.resume:
                rule = "holds no sweep"
                raise RunError(Problem("sweep.resume", rule, "name the directory that a sweep has printed", self.directory))
            self.store.begin(facts)
            return []
        refuse_another(before, facts)
        self.trials = {trial.number: trial for trial in self.store.trials()}
        for trial in self.trials.values():  # seen from where this process stands
            trial.directory = str(self.directory / str(trial.number))
        self.failures = sum(trial.state == "failed" for trial in self.trials.values())
        waiting: dict[int, Suggestion] = {}
        for kind, content in self.store.events():
            if kind == "tell":
                report = Report(**{**content, "objectives": tuple(content["objectives"]) if content["objectives"] else None})
                self.engine.tell(report)
                waiting.pop(report.number, None)
                continue
            asked = Suggestion(**content) if content else None
            try:
                self.engine.again(asked)
            except ValueError as error:
                way_out = "was tfrun or the engine's package changed? Start a new sweep"
                raise RunError(Problem("sweep.resume", str(error), way_out, self.directory)) from error
            if asked:
                waiting[asked.number] = asked
        for number in waiting:
            self.trials[number].state = "running"
        return list(waiting.values())

    # --- what came of it

    @property
    def most(self) -> int | None:
        """Trials that there will be at most; None: the engine decides."""
        return min((count for count in (self.settings.trials, self.variants.space.combinations) if count), default=None)

    def since(self, trial: Trial) -> float:
        """When its work at hand began."""
        return self._since.get(trial.number, time.time())

    def best(self) -> Trial | None:
        """Of those that are done, by the first objective."""
        done = [trial for trial in self.trials.values() if trial.state == "done" and trial.objectives]
        sign = 1 if self.lower[0] else -1
        return min(done, key=lambda trial: (sign * trial.objectives[0], trial.number), default=None)

    def pareto(self) -> list[Trial]:
        """Those that no other one beats in one objective without being worse in another."""
        by_number = sorted(self.trials.values(), key=lambda trial: trial.number)
        done = [trial for trial in by_number if trial.state == "done" and trial.objectives]
        return [done[place] for place in pareto([trial.objectives for trial in done], self.lower)]


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
