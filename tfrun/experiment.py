"""The experiment: everything a run needs to know, in one frozen object. The YAML composes the same object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tfrun.augment import Augment
from tfrun.augment.none import NoAugment
from tfrun.backbone import Backbone
from tfrun.checks import Checks
from tfrun.component import Component, setting
from tfrun.dataset import Dataset
from tfrun.evaluation import Evaluation
from tfrun.evaluation.standard import Standard
from tfrun.export import Export
from tfrun.export.saved_model import SavedModel
from tfrun.export.tflite import TFLite
from tfrun.gate import Gate
from tfrun.gate.none import NoGate
from tfrun.head import Head
from tfrun.head.linear import Linear
from tfrun.optimizer import Optimizer
from tfrun.optimizer.adam import Adam
from tfrun.provenance.licences import Licences
from tfrun.record.card import Card
from tfrun.schedule import Schedule
from tfrun.schedule.cosine import Cosine
from tfrun.store import FeatureStore
from tfrun.strategy import Strategy
from tfrun.strategy.one_device import OneDevice
from tfrun.sweep import Sweep
from tfrun.sweep.auto import AutoSweep
from tfrun.tracking import Tracking
from tfrun.tracking.mlflow import MLflow
from tfrun.tracking.none import NoTracking
from tfrun.training import Training
from tfrun.training.frozen import Frozen
from tfrun.transform import Transform
from tfrun.transform.auto import Auto

PROMISES = {
    "off": "none: another seed could have been drawn",
    "seeded": "the same weights, bit for bit, on one CPU device of the same kind of machine with the same packages and threads, "
    "also when the run was stopped and resumed; on several devices and on GPUs the same up to rounding",
    "strict": "as seeded, and TensorFlow uses only kernels that are deterministic on GPUs too, and nothing is chosen by timing; slower",
}


class Experiment(Component):
    """A whole run: data, backbone, head, how to train, how to judge, what to export.

    Every group takes any object of its kind, also of a class of your own.
    """

    name: str = setting(
        "experiment", "names the run directory and the MLflow experiment; a file's own name by default", pattern=r"^\w[\w.-]*$"
    )
    description: str = setting("", "one line for lists, reports and the model card")
    seed: int = setting(0, "seeds initial weights, order and augmentation (splits have a seed of their own)", ge=0, lt=2**31)
    determinism: Literal["off", "seeded", "strict"] = setting(
        "seeded",
        "off: a seed is drawn for the run; seeded: the same weights on one CPU device; strict: also on one GPU, slower",
    )
    runs: Path = setting(Path("runs"), "folder of all run directories")
    debug: Literal[False, True, "fast"] = setting(
        False,
        "true: show tracebacks; fast: one epoch on at most 64 rows a split, no gate, no tracking, to try a config end to end",
    )
    dataset: Dataset = setting(help="labelled rows and their splits")
    checks: Checks = setting(Checks, "what the data must be like before a step is trained")
    transform: Transform = setting(Auto, "from raw input to what the backbone takes; part of the exported model")
    augment: Augment = setting(NoAugment, "random changes of training rows only")
    backbone: Backbone = setting(help="pretrained module that turns inputs into features")
    features: FeatureStore = setting(FeatureStore, "where a frozen backbone's features are kept, and what computes them")
    head: Head = setting(Linear, "layers on top of the features")
    optimizer: Optimizer = setting(Adam, "how gradients change weights")
    schedule: Schedule = setting(Cosine, "how the learning rate changes over training")
    training: Training = setting(Frozen, "what is trained, for how long")
    strategy: Strategy = setting(OneDevice, "devices that train together")
    evaluation: Evaluation = setting(Standard, "metrics and slices on held-out rows")
    export: dict[str, Export] = Field(
        default_factory=lambda: {"saved_model": SavedModel(), "tflite": TFLite()},
        description="files that leave; each is measured again",
    )
    gate: Gate = setting(NoGate, "what must hold before the model may ship")
    search: dict[str, str] = setting(
        dict, "for -m: key: values to try, in Hydra's grammar, e.g. optimizer.learning_rate: tag(log,interval(1e-4,1e-1))"
    )
    sweep: Sweep = setting(AutoSweep, "for -m: which trials are made, and what decides")
    licences: Licences = setting(Licences, "which licences the backbone, the data and the packages may have")
    card: Card = setting(Card, "what only people know, for the model card")
    tracking: Tracking = setting(MLflow, "where the evidence goes besides the run directory")

    @field_validator("export", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """`export=[SavedModel(), TFLite()]` in Python is the YAML's mapping by target name."""
        if isinstance(value, list | tuple) and all(isinstance(item, Export) for item in value):
            return {item.target: item for item in value}
        return value

    @model_validator(mode="after")
    def _of_one_task(self):
        """The evaluation is for the task of the data."""
        self.__dict__["evaluation"] = self.evaluation.for_task(self.dataset.task)
        return self

    def drawn(self) -> Experiment:
        """With determinism=off: the same experiment with a seed from the operating system."""
        if self.determinism != "off":
            return self
        return self.model_copy(update={"seed": int.from_bytes(os.urandom(4), "little") % 2**31})

    def fast(self) -> Experiment:
        """The same experiment in little, for `debug=fast`: one epoch, nothing judged, nothing tracked.

        The data are cut when they are opened.
        """
        return self.model_copy(update={"training": self.training.shortened(), "gate": NoGate(), "tracking": NoTracking()})
