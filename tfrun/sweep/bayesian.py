"""Bayesian search: a Gaussian process guesses where the objective is best (KerasTuner's oracle)."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.sweep import Engine, Suggestion, Sweep
from tfrun.sweep.oracle import Asked, one_objective


class Bayesian(Sweep):
    """Random values first, then those with the best lower confidence bound of a Gaussian process with a Matérn kernel. For few
    keys and some dozens of trials.
    """

    initial: int | None = setting(None, "random trials first; null: three a key", ge=1)
    exploration: float = setting(2.6, "weight of what is not known against what is thought best", ge=0)
    noise: float = setting(1e-4, "variance that the same values may have in the objective", gt=0)

    def engine(self, space, lower_is_better, epochs):
        return Guessing(self, space, one_objective(lower_is_better, "bayesian"))


class Guessing(Engine):
    """Asks KerasTuner's Bayesian oracle. Its guess depends on the seed and on what is known, not on how often it was asked
    before, so that a sweep is gone on with at once: what was suggested then is taken as it was.
    """

    def __init__(self, settings: Bayesian, space, lower_is_better: bool):
        self.settings = settings
        self._asked = Asked(space, lower_is_better, settings.seed, self._made)
        self._running = {}
        self._number = 0

    def _made(self, **shared):
        from tfrun.sweep.gaussian import BayesianOracle

        settings = self.settings
        return BayesianOracle(
            **shared, max_trials=settings.trials, num_initial_points=settings.initial, alpha=settings.noise, beta=settings.exploration
        )  # fmt: skip

    def ask(self):
        trial = self._asked.ask()
        if trial is None:
            return None
        self._running[self._number] = trial
        self._number += 1
        return Suggestion(self._number - 1, self._asked.values(trial))

    def again(self, suggestion):
        if suggestion is None:
            return
        self._asked.oracle.known = self._asked.chosen(suggestion.values)
        self.ask()

    def tell(self, report):
        self._asked.tell(self._running.pop(report.number), report)
