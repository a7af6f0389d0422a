"""Variables by name, and who of them learns how fast from when on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from tfrun.config.problems import Problem, RunError, nearest
from tfrun.training import Group, Phase

if TYPE_CHECKING:
    import keras

    from tfrun.model import Model


@dataclass(frozen=True)
class Paced:
    """Trainable variables of one pace, by name.

    multiplier: of the learning rate. wait: steps of the phase until they are trained. constraints: what layers demand of
    variables after each update (Keras's `kernel_constraint` and its like), by name.
    """

    variables: dict[str, tf.Variable]
    multiplier: float
    wait: int
    constraints: dict[str, Callable[[tf.Tensor], tf.Tensor]]


def named(model: Model, with_backbone: bool) -> dict[str, tf.Variable]:
    """All variables that training may change, also states of random generators, in a fixed order."""
    head = {f"head/{path_of(variable, model.head.name)}": variable.value for variable in model.head.variables}
    if not with_backbone:
        return head
    return {f"backbone/{path_of(v, model.backbone.name)}": v.value for v in model.backbone.variables} | head


def paced(model: Model, phase: Phase, groups: dict[str, Group], steps: Callable[[str], int]) -> list[Paced]:
    """The phase's trainable variables, each in the first group whose pattern fits its name.

    Raises RunError where a pattern fits no variable that the phase trains.
    """
    trainable = {f"head/{path_of(v, model.head.name)}": (v, 1.0) for v in model.head.trainable_variables}
    if phase.unfreeze:
        trainable |= {
            f"backbone/{path_of(v, model.backbone.name)}": (v, phase.backbone_learning_rate)
            for v in model.backbone.trainable_variables
        }
    constraints = {name: v.constraint for name, (v, _) in trainable.items() if getattr(v, "constraint", None)}
    found: dict[tuple[float, int], dict[str, tf.Variable]] = {}
    fits = dict.fromkeys(groups, False)
    for name, (variable, multiplier) in trainable.items():
        group = next((key for key, group in groups.items() if re.search(group.pattern, name)), None)
        wait = 0
        if group is not None:
            fits[group] = True
            multiplier, wait = multiplier * groups[group].learning_rate, steps(groups[group].unfreeze)
        found.setdefault((multiplier, wait), {})[name] = variable.value
    unfit = [key for key, fit in fits.items() if not fit]
    if unfit and phase.unfreeze:
        raise RunError(*(_fits_none(key, groups[key], list(trainable)) for key in unfit))
    return [
        Paced(variables, *pace, {name: constraints[name] for name in variables if name in constraints})
        for pace, variables in found.items()
    ]


def _fits_none(key: str, group: Group, names: list[str]) -> Problem:
    some = ", ".join([*names[:3], "…", *names[-2:]]) if len(names) > 6 else ", ".join(names)
    close = nearest(group.pattern, names)
    way_out = f"the variables are {some}" + (f"; {close}" if close.startswith("did") else "")
    return Problem(f"training.groups.{key}.pattern", "fits no variable that is trained", way_out, group.pattern)


def path_of(variable: keras.Variable, owner: str) -> str:
    return variable.path.removeprefix(f"{owner}/")
