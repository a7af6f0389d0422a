"""Optuna's samplers and pruners by their names."""

from __future__ import annotations

from typing import Any, Literal

from tfrun.component import setting
from tfrun.config.extras import needed
from tfrun.config.problems import ConfigError, Problem
from tfrun.sweep import Engine, Suggestion, Sweep
from tfrun.sweep.space import Choice

_SAMPLERS = {"tpe": "TPESampler", "cmaes": "CmaEsSampler", "nsgaii": "NSGAIISampler", "nsgaiii": "NSGAIIISampler",
             "gp": "GPSampler", "random": "RandomSampler", "qmc": "QMCSampler"}  # fmt: skip
_PRUNERS = {"median": "MedianPruner", "percentile": "PercentilePruner", "successive_halving": "SuccessiveHalvingPruner",
            "hyperband": "HyperbandPruner", "patient": "PatientPruner", "threshold": "ThresholdPruner"}  # fmt: skip
_PACKAGES = {"cmaes": ("cmaes",), "gp": ("torch",)}
_SINGLE = ("cmaes",)  # for one objective only


class Optuna(Sweep):
    """Ask and tell with Optuna 5, all keys declared up front. Its state is not Optuna's database but the sweep's own events."""

    sampler: Literal["auto", "tpe", "cmaes", "nsgaii", "nsgaiii", "gp", "random", "qmc"] = setting(
        "auto", "auto: tpe for one objective, nsgaii for several; cmaes: for numbers only; gp: needs torch"
    )
    sampler_options: dict[str, Any] = setting(dict, "arguments of Optuna's sampler, e.g. {n_startup_trials: 5}")
    pruner: Literal["none", "median", "percentile", "successive_halving", "hyperband", "patient", "threshold"] = setting(
        "none", "Optuna's pruner, instead of sweep.prune; it sees one measurement an epoch"
    )
    pruner_options: dict[str, Any] = setting(dict, "arguments of Optuna's pruner, e.g. {percentile: 25}; epochs for its steps")

    def sampler_name(self, objectives: int) -> str:
        return self.sampler if self.sampler != "auto" else "nsgaii" if objectives > 1 else "tpe"

    def problems(self):
        found = [*super().problems(), *needed("sweep", "optuna", "optuna", value="optuna")]
        found += needed("sweep.sampler", "optuna", *_PACKAGES.get(self.sampler, ()), value=self.sampler)
        if self.pruner != "none" and self.prune.method != "none":
            found.append(Problem("sweep.pruner", "sweep.prune.method prunes too", "use one of them", self.pruner))
        if self.pruner != "none" and len(self.objectives) > 1:
            found.append(
                Problem("sweep.pruner", "Optuna prunes by one objective", "name one objective, or use none", self.pruner)
            )
        if found:
            return found
        return [problem for problem in (self._wrong(self.made_sampler), self._wrong(self.made_pruner)) if problem]

    def _wrong(self, make) -> Problem | None:
        try:
            make()
        except (TypeError, ValueError) as error:
            key = "sweep.sampler_options" if make == self.made_sampler else "sweep.pruner_options"
            options = self.sampler_options if make == self.made_sampler else self.pruner_options
            return Problem(
                key, f"is refused by Optuna ({' '.join(str(error).split())[:120]})", "see Optuna's reference", options
            )
        return None

    def made_sampler(self):
        import optuna

        name = self.sampler_name(len(self.objectives))
        with _unsaid():
            return getattr(optuna.samplers, _SAMPLERS[name])(**{"seed": self.seed, **self.sampler_options})

    def made_pruner(self):
        import optuna

        if self.pruner == "none":
            return optuna.pruners.NopPruner()
        options = {**_defaults(self), **self.pruner_options}
        with _unsaid():
            return getattr(optuna.pruners, _PRUNERS[self.pruner])(**options)

    def engine(self, space, lower_is_better, epochs):
        name = self.sampler_name(len(lower_is_better))
        if name in _SINGLE and len(lower_is_better) > 1:
            raise ConfigError(Problem("sweep.sampler", "searches for one objective", "use nsgaii or tpe", name))
        return Sampled(self, space, lower_is_better)

    @property
    def prunes(self):
        return self.pruner != "none" or super().prunes

    def pruner_of(self, metric, lower_is_better, epochs):
        if self.pruner == "none":
            return super().pruner_of(metric, lower_is_better, epochs)
        from tfrun.sweep.optuna_pruner import OptunaPruner

        return OptunaPruner(self.made_pruner(), metric, lower_is_better, epochs)


def _defaults(settings: Optuna) -> dict[str, Any]:
    """Of `sweep.prune`, in Optuna's words."""
    prune = settings.prune
    waits = {"n_startup_trials": prune.trials, "n_warmup_steps": round(prune.warmup)}
    rungs = {"min_resource": max(1, round(prune.warmup)), "reduction_factor": prune.factor}
    return {
        "median": waits,
        "percentile": {"percentile": 50.0, **waits},
        "successive_halving": rungs,
        "hyperband": rungs,
        "patient": {"wrapped_pruner": None, "patience": prune.trials},
        "threshold": {"n_warmup_steps": round(prune.warmup)},
    }[settings.pruner]


class Sampled(Engine):
    """A study in memory, its pruner left out: what runs is judged elsewhere, so that no suggestion hangs on the time of a look."""

    def __init__(self, settings: Optuna, space, lower_is_better: tuple[bool, ...]):
        import optuna

        self.settings, self.space = settings, space
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        directions = ["minimize" if lower else "maximize" for lower in lower_is_better]
        self._study = optuna.create_study(
            sampler=settings.made_sampler(), pruner=optuna.pruners.NopPruner(), directions=directions
        )
        self._distributions = {dimension.key: _distribution(dimension) for dimension in space.dimensions}
        self._asked, self._running = 0, {}

    def ask(self):
        if self._asked == self.settings.trials:
            return None
        with _unsaid():
            trial = self._study.ask(self._distributions)
        self._asked += 1
        self._running[trial.number] = trial
        values = {dimension.key: _value(dimension, trial.params[dimension.key]) for dimension in self.space.dimensions}
        return Suggestion(trial.number, values)

    def tell(self, report):
        from optuna.trial import TrialState

        trial = self._running.pop(report.number)
        if report.state == "failed":
            self._study.tell(trial, state=TrialState.FAIL)
        elif report.state == "pruned":
            if len(report.objectives) == 1:
                trial.report(report.objectives[0], max(1, round(report.epochs)))
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, list(report.objectives))


def _distribution(dimension):
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        last = len(dimension.values) - 1
        return IntDistribution(0, last) if dimension.ordered else CategoricalDistribution(range(last + 1))
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _value(dimension, chosen):
    return dimension.values[chosen] if isinstance(dimension, Choice) else chosen


def _unsaid():
    """Optuna warns of what is experimental, of keys that a sampler draws by chance, and of argument names that go."""
    import warnings

    return warnings.catch_warnings(action="ignore")
