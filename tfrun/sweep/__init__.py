"""Sweeps: many trials of one experiment, each a process of its own, and what decides which are worth it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import field_validator

from tfrun.component import Component, Settings, setting
from tfrun.config.problems import Problem
from tfrun.sweep.cluster import Ray
from tfrun.sweep.space import Space, Values

State = Literal["running", "paused", "done", "pruned", "failed"]


@dataclass(frozen=True)
class Suggestion:
    """A trial to be started, or to be gone on with. until: epochs after which it pauses; None: to its end."""

    number: int
    values: Values
    until: float | None = None


@dataclass(frozen=True)
class Report:
    """What became of a suggestion. objectives: None where there are none (failed). epochs: it was trained for in all."""

    number: int
    state: State
    objectives: tuple[float, ...] | None
    epochs: float = 0.0


class Engine:
    """Suggests trials. The same seed and the same reports in the same order give the same suggestions: that is how a sweep
    is gone on with, by telling a new engine all that was asked and told before.
    """

    def ask(self) -> Suggestion | None:
        """The next one; None: none now. With nothing running, None is the end."""
        raise NotImplementedError

    def again(self, suggestion: Suggestion | None) -> None:
        """As `ask`, where it is known what it gave. Raises ValueError where it gives another one now."""
        now = self.ask()
        if now != suggestion:
            raise ValueError(f"the engine suggests {now} where it suggested {suggestion} before")

    def tell(self, report: Report) -> None:
        """The end of what was suggested, or its pause."""
        raise NotImplementedError


class Prune(Settings):
    """Which running trials are not worth going on with. Not for hyperband, which has rungs of its own."""

    method: Literal["none", "median", "successive_halving"] = setting(
        "none",
        "median: worse than the median of the others at the same epoch, or by now where it is ahead of them; successive_halving: not among the best at a rung",
    )
    warmup: float = setting(1.0, "a trial is left alone for so long", unit="epochs", ge=0)
    trials: int = setting(4, "it takes so many others to say that one is pruned", ge=1)
    factor: int = setting(3, "successive halving: one in so many goes on, for so many times the epochs", ge=2)


class Sweep(Component):
    """Protocol of the group: `engine(…)` gives what suggests trials. Used by `-m`; a single run ignores it."""

    trials: int | None = setting(20, "most trials; null: until the engine has no more", ge=1)
    objective: str | list[str] = setting(
        "primary",
        "what decides, on the validation split: primary (evaluation.primary), another metric of evaluation.metrics, or seconds, parameters; several: the Pareto set is shown",
    )
    workers: int | Literal["auto"] = setting(
        "auto",
        "trials at a time; auto: one a GPU, else one a core; on a Ray cluster as many as it has room for; with a launcher of Hydra's: trials in a batch",
    )
    pool: Literal["local", "ray"] = setting("local", "where trials run: processes on this machine, or tasks of a Ray cluster")
    ray: Ray = setting(Ray, "of sweep.pool=ray")
    seed: int = setting(0, "of the engine", ge=0)
    time_limit: float | None = setting(None, "longest a trial may take; null: no limit", unit="seconds", gt=0)
    memory_limit: float | None = setting(
        None, "most memory that a trial may hold; null: no limit", unit="GB (10^9 bytes)", gt=0
    )
    max_failures: int | None = setting(None, "so many trials may fail; one more ends the sweep; null: any number", ge=0)
    retries: int = setting(
        1, "times that a trial which was killed from outside goes on from its checkpoint before it counts as failed", ge=0
    )
    prune: Prune = setting(Prune, "running trials that are stopped early")
    finish: Literal["export", "none"] = setting(
        "export",
        "export: the best trial is evaluated on the test split, exported, judged and reported as any run; none: nothing",
    )
    exports: bool = setting(
        False,
        "each trial exports too and measures its files on the validation split: accuracy against size and latency; false: only the best trial, at the end",
    )
    resume: Path | None = setting(None, "directory of a sweep to go on with")
    storage: str | None = setting(
        None, "database URL of the sweep's state, which many sweeps and machines may share; null: sweep.db in its directory"
    )

    # What may be another one when a sweep is gone on with: it decides nothing about the trials.
    free: ClassVar[tuple[str, ...]] = (
        "resume", "workers", "pool", "ray", "time_limit", "memory_limit", "max_failures", "retries", "finish", "storage"
    )  # fmt: skip
    learns: ClassVar[bool] = True  # what it suggests hangs on what it was told
    has_rungs: ClassVar[bool] = False  # pauses trials and goes on with the best: no `prune` beside it

    @field_validator("objective")
    @classmethod
    def _some(cls, value):
        if isinstance(value, list) and not value:
            raise ValueError("needs at least one name")
        return value

    @property
    def objectives(self) -> list[str]:
        return [self.objective] if isinstance(self.objective, str) else list(self.objective)

    def engine(self, space: Space, lower_is_better: tuple[bool, ...], epochs: float) -> Engine:
        """lower_is_better: of each objective. epochs: of a whole trial. Raises ConfigError where it cannot search this space."""
        raise NotImplementedError

    def pruner_of(self, metric: str, lower_is_better: bool, epochs: float):
        """What says which running trials stop: `why(number, curves, states)`. epochs: of a whole trial."""
        from tfrun.sweep.pruner import Pruner

        return Pruner(self.prune, metric, lower_is_better, epochs)

    @property
    def prunes(self) -> bool:
        return self.prune.method != "none"

    def problems(self) -> list[Problem]:
        """What is wrong before the first trial, such as a package that is not there."""
        if self.resume and not self.resume.is_dir():
            return [Problem("sweep.resume", "is no directory", "name the one that a sweep has printed", self.resume)]
        if self.has_rungs and self.prune.method != "none":
            return [
                Problem(
                    "sweep.prune.method", "this engine has rungs of its own", "use sweep.prune.method=none", self.prune.method
                )
            ]
        return self.ray.problems() if self.pool == "ray" else []
