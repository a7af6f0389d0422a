"""Rules that span components, each a small function; no TensorFlow, no reading of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfrun.config.problems import Problem, nearest

if TYPE_CHECKING:
    from tfrun.experiment import Experiment


def check(experiment: Experiment) -> list[Problem]:
    """Everything that can be told to be wrong before the run starts. Empty: it can start."""
    return [problem for rule in RULES for problem in rule(experiment)]


def _data(experiment: Experiment) -> Iterator[Problem]:
    yield from experiment.dataset.problems()


def _shares(experiment: Experiment) -> Iterator[Problem]:
    split = experiment.dataset.split
    if split.validation + split.test >= 1:
        rule = f"with dataset.split.test = {split.test:g} leaves no row to train on"
        yield Problem("dataset.split.validation", rule, "let them add up to less than 1", split.validation)


def _backbone_training(experiment: Experiment) -> Iterator[Problem]:
    if experiment.training.unfreezes:
        problem = experiment.backbone.refuses_training()
        if problem:
            yield problem
    elif getattr(experiment.backbone, "trainable", None) is True:
        yield Problem("backbone.trainable", "but this training keeps the backbone frozen", "use training=finetune", True)


def _monitor(experiment: Experiment) -> Iterator[Problem]:
    names = experiment.evaluation.metric_names()
    if experiment.training.monitor not in names:
        yield Problem(
            "training.monitor",
            "is not measured",
            f"{nearest(experiment.training.monitor, names)} (evaluation.metrics)",
            experiment.training.monitor,
        )


def _validation(experiment: Experiment) -> Iterator[Problem]:
    if experiment.dataset.split.validation == 0 and experiment.training.keep == "best":
        yield Problem(
            "training.keep",
            "needs a validation split to tell which weights are best",
            "use training.keep=last, or give dataset.split.validation a share",
            "best",
        )


def _slices(experiment: Experiment) -> Iterator[Problem]:
    if experiment.evaluation.slices and not experiment.dataset.problems():
        columns = experiment.dataset.slice_columns()
        for name in experiment.evaluation.slices:
            if name not in columns:
                yield Problem(
                    "evaluation.slices",
                    "is no column of the data",
                    nearest(name, columns) or "the data have no further columns",
                    name,
                )


def _primary(experiment: Experiment) -> Iterator[Problem]:
    from tfrun.evaluation.metrics import LOWER_IS_BETTER

    if experiment.evaluation.primary in LOWER_IS_BETTER:
        yield Problem(
            "evaluation.primary",
            "must be a metric of which more is better, since retention divides by it",
            "use accuracy, and put this one into evaluation.metrics",
            experiment.evaluation.primary,
        )


def _strategy(experiment: Experiment) -> Iterator[Problem]:
    yield from experiment.strategy.problems(experiment.training.batch_size)


def _gate(experiment: Experiment) -> Iterator[Problem]:
    files = [name for target in experiment.export.values() for name in target.names()]
    yield from experiment.gate.problems(experiment.evaluation, files)


def _export_names(experiment: Experiment) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key, target in experiment.export.items():
        if seen.setdefault(target.target, key) != key:
            yield Problem(f"export.{key}", f"is the same target as export.{seen[target.target]}", "remove one", target.target)


RULES = (
    _data, _shares, _backbone_training, _monitor, _validation, _slices, _primary, _strategy, _gate, _export_names,
)  # fmt: skip
