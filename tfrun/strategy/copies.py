"""What holds where several devices have a copy of the weights each, and a share of each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.config.problems import Problem

if TYPE_CHECKING:
    from tfrun.experiment import Experiment


def shared_out(key: str, count: int, experiment: Experiment) -> list[Problem]:
    """Each device takes the same number of rows of each part of a batch."""
    size, parts = experiment.training.batch_size, experiment.training.gradient_accumulation
    if size % (count * parts) == 0:
        return []
    rule = f"cannot be shared out evenly over {key} = {count}"
    rule += f" and training.gradient_accumulation = {parts}" if parts > 1 else ""
    return [Problem("training.batch_size", rule, f"use {max(size // (count * parts), 1) * count * parts}", size)]


def unprofiled(experiment: Experiment) -> list[Problem]:
    """A trace is of one process."""
    if not experiment.training.profile:
        return []
    return [
        Problem("training.profile", "traces one process, not several", "use strategy=one_device or mirrored for that", True)
    ]


def refused(experiment: Experiment) -> list[Problem]:
    """Batch statistics would be those of a device's share: other weights than one device's, and others with each number."""
    problems = []
    way_out = "leave it out, or use strategy=one_device"
    rule = "takes statistics of each device's share of a batch, so that the weights would depend on the number of devices"
    if experiment.training.unfreezes and any(phase.batch_norm == "update" for phase in experiment.training.phases()):
        problems.append(Problem("training.batch_norm", rule, way_out, "update"))
    if getattr(experiment.head, "batch_norm", False):
        problems.append(Problem("head.batch_norm", rule, way_out, True))
    return problems
