"""Rules that span components, each a small function; no TensorFlow, no reading of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfrun.backbone.none import NoBackbone
from tfrun.config.problems import Problem, nearest

if TYPE_CHECKING:
    from tfrun.evaluation import Evaluation
    from tfrun.experiment import Experiment
    from tfrun.training import Training


def check(experiment: Experiment) -> list[Problem]:
    """Everything that can be told to be wrong before the run starts. Empty: it can start."""
    return [problem for rule in RULES for problem in rule(experiment)]


def _data(experiment: Experiment) -> Iterator[Problem]:
    yield from experiment.dataset.problems()


def _checks(experiment: Experiment) -> Iterator[Problem]:
    yield from experiment.checks.problems()


def _shares(experiment: Experiment) -> Iterator[Problem]:
    split = experiment.dataset.split
    if split.validation + split.test >= 1:
        rule = f"with dataset.split.test = {split.test:g} leaves no row to train on"
        yield Problem("dataset.split.validation", rule, "let them add up to less than 1", split.validation)


def _split_columns(experiment: Experiment) -> Iterator[Problem]:
    dataset = experiment.dataset
    if dataset.split.time and getattr(dataset, "group", None):
        rule = f"cannot hold beside dataset.group = {dataset.group}: a group may last longer than a split"
        yield Problem("dataset.split.time", rule, "leave one of them out", dataset.split.time)


def wrong_columns(experiment: Experiment, columns: list[str]) -> Iterator[Problem]:
    """Columns that the experiment names, and the data have not."""
    split = experiment.dataset.split
    asked = [("dataset.split.time" if name == split.time else "dataset.split.values", name) for name in split.columns()]
    asked += [("checks.drift_by", experiment.checks.drift_by)] if experiment.checks.drift_by is not None else []
    asked += [("evaluation.slices", name) for name in experiment.evaluation.slice_columns()]
    for key, name in asked:
        if name not in columns:
            way_out = nearest(name, columns) or "the data have no further columns"
            yield Problem(key, "is no column of the data", way_out, name)


def _columns(experiment: Experiment) -> Iterator[Problem]:
    dataset = experiment.dataset
    if (
        dataset.split.columns() or experiment.checks.drift_by or experiment.evaluation.slice_columns()
    ) and not dataset.problems():
        columns = dataset.slice_columns()
        if columns is not None:
            yield from wrong_columns(experiment, columns)


def _table(experiment: Experiment) -> Iterator[Problem]:
    has_backbone = not isinstance(experiment.backbone, NoBackbone)
    if has_backbone and experiment.dataset.row_kind() == "table":
        rule = "takes no table: a table is a vector of numbers"
        yield Problem("backbone", rule, "use backbone=none", type(experiment.backbone).__name__)
    elif has_backbone and experiment.head.reads_columns:
        rule = "needs features of which each belongs to a column of a table"
        yield Problem("head", rule, "use backbone=none, or head=mlp", type(experiment.head).__name__)


def _kinds(experiment: Experiment) -> Iterator[Problem]:
    kind = experiment.dataset.row_kind()
    if kind is not None:
        yield from filter(None, (experiment.transform.problem(kind), experiment.augment.problem(kind)))


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


def _task(experiment: Experiment) -> Iterator[Problem]:
    """What is not for the task of the data."""
    dataset, evaluation, training = experiment.dataset, experiment.evaluation, experiment.training
    task = dataset.task
    if task not in dataset.tasks:
        rule = f"is not for these data: dataset={type(dataset).__name__} is for {', '.join(dataset.tasks)}"
        yield Problem("dataset.task", rule, "use csv, parquet, arrays, tfrecord, python, or a folder with an index", task)
    yield from evaluation.problems()
    if task == "classification":
        return
    if training.class_weights != "none":
        rule = "is for tasks in which a row has one class"
        yield Problem("training.class_weights", rule, "leave it out, or give training.sample_weights", training.class_weights)
    if task == "regression":
        yield from _of_classes(evaluation, training)
    if evaluation.also is not None and evaluation.also.task != task:
        yield Problem("evaluation.also.task", f"is not that of dataset.task = {task}", f"use {task}", evaluation.also.task)


def _of_classes(evaluation: Evaluation, training: Training) -> Iterator[Problem]:
    """Settings that only classes have."""
    asked = {"evaluation.calibration": evaluation.calibration, "evaluation.threshold.target": evaluation.threshold.target}
    for key, value in asked.items():
        if value != "none":
            yield Problem(key, "is for classes", "set it to none", value)
    for key in ("label_smoothing", "focal_gamma"):
        if getattr(training, key):
            yield Problem(f"training.{key}", "is for classes", "set it to 0", getattr(training, key))


def _primary(experiment: Experiment) -> Iterator[Problem]:
    from tfrun.evaluation.metrics import LOWER_IS_BETTER

    if experiment.evaluation.primary in LOWER_IS_BETTER:
        yield Problem(
            "evaluation.primary",
            "must be a metric of which more is better, since retention divides by it",
            "leave it null, and put this one into evaluation.metrics",
            experiment.evaluation.primary,
        )


def _strategy(experiment: Experiment) -> Iterator[Problem]:
    yield from experiment.strategy.problems(experiment)


def _accumulation(experiment: Experiment) -> Iterator[Problem]:
    training = experiment.training
    if training.batch_size % training.gradient_accumulation:
        rule = f"does not divide training.batch_size = {training.batch_size}"
        fits = max(n for n in range(1, training.gradient_accumulation + 1) if training.batch_size % n == 0)
        yield Problem("training.gradient_accumulation", rule, f"use {fits}", training.gradient_accumulation)


def _xla(experiment: Experiment) -> Iterator[Problem]:
    if experiment.training.xla is True and not experiment.strategy.one_device_only:
        rule = "XLA programs cannot reach the variables of several devices"
        yield Problem("training.xla", rule, "use training.xla=auto, or strategy=one_device", True)


def _keras_optimizer(experiment: Experiment) -> Iterator[Problem]:
    optimizer, training = experiment.optimizer, experiment.training
    if optimizer.fused:
        return
    name = type(optimizer).__name__
    if not experiment.strategy.one_device_only:
        yield Problem("optimizer", "works on one device only: it has no `update` of its own", "use strategy=one_device", name)
    if training.groups or (training.unfreezes and training.backbone_learning_rate != 1):
        rule = "gives all variables one learning rate: it has no `update` of its own"
        yield Problem("optimizer", rule, "set training.backbone_learning_rate=1 and no training.groups", name)


def _early_stopping(experiment: Experiment) -> Iterator[Problem]:
    if experiment.training.early_stopping and experiment.dataset.split.validation == 0:
        way_out = "leave it out, or give dataset.split.validation a share"
        yield Problem("training.early_stopping", "needs a validation split", way_out, experiment.training.early_stopping)


def _pictures(experiment: Experiment) -> Iterator[Problem]:
    augment = experiment.augment
    if augment.needs_pictures and augment.views:
        rule = "features of views take the place of pictures, which this augmentation cuts up"
        yield Problem("augment.views", rule, "set augment.views=0, or use augment=mixup", augment.views)
    if augment.views and any(phase.unfreeze for phase in experiment.training.phases()[:1]):
        yield Problem("augment.views", "is for a frozen backbone", "set augment.views=0", augment.views)


def _maps(experiment: Experiment) -> Iterator[Problem]:
    if experiment.head.needs_maps and getattr(experiment.backbone, "flatten", False):
        yield Problem("backbone.flatten", "flattens the maps that this head needs", "set backbone.flatten=false", True)


def _gate(experiment: Experiment) -> Iterator[Problem]:
    files = [name for target in experiment.export.values() for name in target.names()]
    yield from experiment.gate.problems(experiment.evaluation, files)


def _export_names(experiment: Experiment) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key, target in experiment.export.items():
        if seen.setdefault(target.target, key) != key:
            yield Problem(f"export.{key}", f"is the same target as export.{seen[target.target]}", "remove one", target.target)


RULES = (
    _data, _checks, _shares, _split_columns, _columns, _table, _kinds, _backbone_training, _monitor, _validation, _task, _primary,
    _strategy, _accumulation, _xla, _keras_optimizer, _early_stopping, _pictures, _maps, _gate, _export_names,
)  # fmt: skip
