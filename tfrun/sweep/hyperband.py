"""Hyperband: many trials for a few epochs, the best of them for more (KerasTuner's oracle)."""

from __future__ import annotations

import math

from tfrun.component import setting
from tfrun.sweep import Engine, Suggestion, Sweep
from tfrun.sweep.oracle import Asked, one_objective


class Hyperband(Sweep):
    """Brackets of successive halving with random values: Li et al., Hyperband (JMLR 18, 2018). Budgets are epochs; a trial that
    goes up a rung goes on from its own checkpoint.
    """

    trials: int | None = setting(None, "most trials that are begun; null: all of the brackets", ge=1)
    factor: int = setting(3, "at each rung one in so many goes on, for so many times the epochs", ge=2)
    iterations: int = setting(1, "times that it goes through all brackets", ge=1)

    has_rungs = True

    def engine(self, space, lower_is_better, epochs):
        return Rungs(self, space, one_objective(lower_is_better, "hyperband"), epochs)


class Rungs(Engine):
    """Asks KerasTuner's Hyperband oracle. To the oracle a trial that goes up a rung is a new one, to us the same.

    The oracle leaves the place of a failed trial empty, so that a few failures would end a bracket: here they count as the worst
    score there is, and one that is to go up all the same is given back at once.
    """

    def __init__(self, settings: Hyperband, space, lower_is_better: bool, epochs: float):
        self.settings, self.epochs = settings, max(1, math.ceil(epochs))
        self._asked = Asked(space, lower_is_better, settings.seed, self._made)
        self._worst = math.inf if lower_is_better else -math.inf
        self._running = {}  # {our number: the oracle's trial}
        self._numbers: dict[str, int] = {}  # {the oracle's: ours}
        self._begun, self._failed = 0, set()

    def _made(self, **shared):
        from keras_tuner.oracles import HyperbandOracle

        settings = self.settings
        return HyperbandOracle(
            **shared, max_epochs=self.epochs, factor=settings.factor, hyperband_iterations=settings.iterations
        )

    def ask(self):
        while True:
            trial = self._asked.ask()
            if trial is None:
                return None
            chosen = trial.hyperparameters.values
            if (below := chosen.get("tuner/trial_id")) is not None:
                number = self._numbers[below]
            elif self._begun == self.settings.trials:
                number = None
            else:
                number, self._begun = self._begun, self._begun + 1
            self._numbers[trial.trial_id] = number
            if number is None or number in self._failed:
                self._give_back(trial)
                continue
            self._running[number] = trial
            until = chosen["tuner/epochs"]
            return Suggestion(number, self._asked.values(trial), None if until >= self.epochs else float(until))

    def _give_back(self, trial) -> None:
        from tfrun.sweep import Report

        self._asked.tell(trial, Report(-1, "failed", None), self._worst)

    def tell(self, report):
        if report.state == "failed":
            self._failed.add(report.number)
        self._asked.tell(self._running.pop(report.number), report, self._worst)
