"""KerasTuner's Bayesian oracle, made repeatable and quick. Imports TensorFlow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from keras_tuner.oracles import BayesianOptimizationOracle
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from threadpoolctl import threadpool_limits

from tfrun.sweep.oracle import DIGITS

_DRAWS = 1000  # seeds that the random values of one suggestion may use up
_POINTS, _STARTS = 2000, 5  # looked at all at once; those of them that a search starts from


class BayesianOracle(BayesianOptimizationOracle):
    """Takes the trials, the random values and their embedding from KerasTuner, and chooses the next values itself.

    Each suggestion is a function of the seed, of its number and of what has been told: it can be left out when a sweep is gone
    through again, with its values in `known`. What runs counts as bad as the process thinks possible, by a fit to what is done (the
    original takes the fit of the suggestion before). The lower confidence bound is minimised from the best of many points, not from
    50 random ones: in hundredths of a second. Values that were tried are drawn anew at random.
    """

    known: dict[str, Any] | None = None

    def _make_gpr(self):
        """A length a key: the original has one for all, which it often fits so short that nothing is learned from a neighbour."""
        kernel = Matern([0.5] * max(1, len(self._nonfixed_space())), (0.05, 20.0), nu=2.5)
        return GaussianProcessRegressor(
            kernel, alpha=self.alpha, n_restarts_optimizer=3, normalize_y=True, random_state=self.seed % 2**32
        )

    def populate_space(self, trial_id):
        known, self.known = self.known, None
        if known is not None:
            return {"status": "RUNNING", "values": known}
        self._seed_state = self.seed + _DRAWS * len(self.trials)
        done = {number: trial for number, trial in self.trials.items() if trial.status == "COMPLETED"}
        if len(done) < (self.num_initial_points or 3 * len(self.hyperparameters.space)):
            return self._random_populate_space()
        quiet = warnings.catch_warnings(action="ignore", category=ConvergenceWarning)  # a length at its bound is an answer too
        with quiet, threadpool_limits(1):  # small matrices; the cores are the trials'
            values = self._best_guess(done)
        return self._random_populate_space() if self._duplicate(values) else {"status": "RUNNING", "values": values}

    def _random_populate_space(self):
        suggested = super()._random_populate_space()
        return {**suggested, "values": suggested["values"] and _rounded(suggested["values"])}

    def _best_guess(self, done: dict[str, Any]) -> dict[str, Any]:
        self.gpr = self._make_gpr()
        everything = self.trials
        if self.ongoing_trials:
            self.trials = done
            try:
                self.gpr.fit(*self._vectorize_trials())
            finally:
                self.trials = everything
        self.gpr.fit(*self._vectorize_trials())
        bounds = self._get_hp_bounds()
        points = np.random.RandomState(self._seed_state % 2**32).uniform(size=(_POINTS, len(bounds)))
        starts = points[np.argsort(self._lower_bound(points), kind="stable")[:_STARTS]]
        found = [minimize(lambda x: self._lower_bound(x[None])[0], start, method="L-BFGS-B", bounds=bounds) for start in starts]
        return _rounded(self._vector_to_values(min(found, key=lambda one: one.fun).x))

    def _lower_bound(self, points: np.ndarray) -> np.ndarray:
        """Of the cost at each point [n, keys]."""
        mean, deviation = self.gpr.predict(points, return_std=True)
        return mean - self.beta * deviation


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in values.items()}
