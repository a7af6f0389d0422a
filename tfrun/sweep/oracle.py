"""KerasTuner's oracles, asked and told: the space is declared up front, and no tuner runs anything."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from tfrun.config.problems import ConfigError, Problem
from tfrun.sweep import Report
from tfrun.sweep.space import Choice, Space, Values

if TYPE_CHECKING:
    import keras_tuner

OBJECTIVE = "objective"
DIGITS = 9  # of a share: as many as survive the way to a value and back
_APART = 1_000_003  # an oracle adds 1 to its seed for each number that it draws


def one_objective(lower_is_better: tuple[bool, ...], name: str) -> bool:
    """Whether less is better. Raises ConfigError where there are several: an oracle would add them up."""
    if len(lower_is_better) != 1:
        way_out = "name one, or use sweep=optuna or sweep=random"
        raise ConfigError(Problem("sweep.objective", f"{name} searches for one objective", way_out, len(lower_is_better)))
    return lower_is_better[0]


class Asked:
    """An oracle, asked and told trial by trial.

    made: called with what all oracles take, once the first trial is asked for: KerasTuner imports TensorFlow.
    """

    def __init__(self, space: Space, lower_is_better: bool, seed: int, made):
        self.space, self.lower_is_better, self._seed, self._made = space, lower_is_better, seed, made
        self._oracle = None
        self._asked = 0

    @property
    def oracle(self) -> keras_tuner.Oracle:
        if self._oracle is None:
            import keras_tuner

            self._folder = tempfile.TemporaryDirectory(prefix="tfrun-oracle-")  # it writes its state after each call
            self._oracle = self._made(
                objective=keras_tuner.Objective(OBJECTIVE, "min" if self.lower_is_better else "max"),
                hyperparameters=_declared(self.space),
                seed=self._seed * _APART + 1,  # 0 would be drawn from the clock
                tune_new_entries=False,
                allow_new_entries=False,
                max_consecutive_failed_trials=None,  # `sweep.max_failures` is ours
            )
            self._oracle.verbose = 0
            self._oracle._set_project_dir(self._folder.name, "sweep")
        return self._oracle

    def ask(self) -> keras_tuner.engine.trial.Trial | None:
        """One that runs from now on; None: none now."""
        trial = self.oracle.create_trial(f"{self._asked}")
        if trial.status != "RUNNING":
            return None
        self._asked += 1
        return trial

    def tell(self, trial: Any, report: Report, failed_score: float | None = None) -> None:
        """failed_score: what counts for one that has no objective; None: the oracle is told that it failed."""
        score = report.objectives[0] if report.objectives and report.state != "failed" else failed_score
        if score is None:
            trial.status = "FAILED"
        else:
            self.oracle.update_trial(trial.trial_id, {OBJECTIVE: score})
            trial.status = "COMPLETED"
        self.oracle.end_trial(trial)

    def chosen(self, values: Values) -> dict[str, float]:
        """As the oracle names them."""
        return {dimension.key: _chosen(dimension, values[dimension.key]) for dimension in self.space.dimensions}

    def values(self, trial: Any) -> Values:
        """Of our space."""
        chosen = trial.hyperparameters.values
        return {dimension.key: _value(dimension, chosen[dimension.key]) for dimension in self.space.dimensions}


def _declared(space: Space) -> keras_tuner.HyperParameters:
    """Choices by their number, so that they may be anything; intervals of real numbers by the share of them."""
    import keras_tuner

    declared = keras_tuner.HyperParameters()
    for dimension in space.dimensions:
        if isinstance(dimension, Choice):
            declared.Choice(dimension.key, list(range(len(dimension.values))), ordered=dimension.ordered)
        elif dimension.whole:
            sampling = "log" if dimension.log else "linear"
            declared.Int(dimension.key, int(dimension.low), int(dimension.high), sampling=sampling)
        else:
            declared.Float(dimension.key, 0.0, 1.0)
    return declared


def _chosen(dimension: Any, value: Any) -> float:
    """The other way round."""
    if isinstance(dimension, Choice):
        return dimension.values.index(value)
    return value if dimension.whole else round(dimension.share(value), DIGITS)


def _value(dimension: Any, chosen: float) -> Any:
    if isinstance(dimension, Choice):
        return dimension.values[chosen]
    return min(int(chosen), int(dimension.high)) if dimension.whole else dimension.at(float(chosen))
