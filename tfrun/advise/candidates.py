"""What is tried: experiments that differ in what makes the features. Composed and checked without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfrun.config.catalogue import options
from tfrun.config.load import load
from tfrun.config.problems import ConfigError, Problem
from tfrun.experiment import Experiment
from tfrun.gate.none import NoGate
from tfrun.sweep.space import as_override, parse
from tfrun.tracking.none import NoTracking
from tfrun.training.frozen import Frozen


@dataclass(frozen=True)
class Candidate:
    """overrides: what to add to the command for it, e.g. ("backbone=glove_50d",). own: it is what the experiment has."""

    overrides: tuple[str, ...]
    experiment: Experiment
    own: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.overrides) or "as it is"


def candidates(overrides: list[str], config_dir: Path | None = None) -> tuple[list[Candidate], dict[str, str]]:
    """overrides: as for a run; `key=a,b` tries both, and every combination. Without one, every backbone there is.

    Returns the candidates, the experiment as it is first where nothing was listed, and by name why others are none.
    Raises ConfigError where the experiment itself is wrong, or all of what was listed.
    """
    space = parse(overrides, {})
    if not space.dimensions:
        return _of_all_backbones(overrides, config_dir)
    listed = [dimension.key for dimension in space.dimensions if dimension.key.split(".")[0] in ("dataset", "evaluation")]
    if listed:
        rule = "is listed, and candidates are compared on the same rows"
        raise ConfigError(*(Problem(key, rule, "give it one value") for key in listed))
    found, wrong, left_out = [], [], {}
    for values in space.grid():
        more = tuple(as_override(key, value) for key, value in values.items())
        try:
            found.append(Candidate(more, frozen(load([*space.fixed, *more], config_dir))))
        except ConfigError as error:
            wrong += error.problems
            left_out[" ".join(more)] = str(error.problems[0])
    if not found:
        raise ConfigError(*dict.fromkeys(wrong))
    return found, left_out


def _of_all_backbones(overrides: list[str], config_dir: Path | None) -> tuple[list[Candidate], dict[str, str]]:
    own = frozen(load(overrides, config_dir))
    found, left_out = [Candidate((), own, own=True)], {}
    for name in options(config_dir, only="backbone").get("backbone", {}):
        more = f"backbone={name}"
        try:
            experiment = frozen(load([*overrides, more], config_dir))
        except ConfigError as error:
            left_out[more] = str(error.problems[0])
            continue
        if experiment.backbone != own.backbone:
            found.append(Candidate((more,), experiment))
    return found, left_out


def frozen(experiment: Experiment) -> Experiment:
    """Features are all that is asked of it."""
    part = {"training": Frozen(batch_size=experiment.training.batch_size), "gate": NoGate(), "tracking": NoTracking()}
    return experiment.model_copy(update=part)
