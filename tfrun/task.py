"""What is asked of a model: one class, several classes, or a number. All that follows from it is found here or asks for it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.dataset import Data

TaskName = Literal["classification", "multilabel", "regression"]


@dataclass(frozen=True)
class Task:
    """What the head's last layer gives becomes an answer: float32 [rows, outputs] both.

    output: the answer's name in signatures. labels: dtype of the labels of a split, whose shape is [rows], or [rows, classes].
    unit: what a difference of 1 of a standardised answer is in answers.
    """

    name: ClassVar[TaskName]
    output: ClassVar[str] = "probabilities"
    labels: ClassVar[type]

    @property
    def unit(self) -> float:
        return 1.0

    def answer(self, logits: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class Classification(Task):
    """Each row has one class. Labels: indices into the classes."""

    name = "classification"
    labels = np.int32

    def answer(self, logits):
        import tensorflow as tf

        return tf.nn.softmax(logits)


@dataclass(frozen=True)
class Multilabel(Task):
    """Each row has any number of classes, also none. Labels: 1 where a row has the class."""

    name = "multilabel"
    labels = np.uint8

    def answer(self, logits):
        import tensorflow as tf

        return tf.nn.sigmoid(logits)


@dataclass(frozen=True)
class Regression(Task):
    """Each row has a number. mean, spread: of the training labels (standard deviation; 1 where all are equal).

    The head gives standardised numbers, so that losses and learning rates mean the same for euros and for millimetres; the
    answer is in the unit of the labels.
    """

    name = "regression"
    output = "predictions"
    labels = np.float32
    mean: float = 0.0
    spread: float = 1.0

    @property
    def unit(self):
        return self.spread

    def answer(self, logits):
        return logits * self.spread + self.mean


TASKS: dict[str, type[Task]] = {task.name: task for task in (Classification, Multilabel, Regression)}


def task_of(data: Data) -> Task:
    if data.task != "regression":
        return TASKS[data.task]()
    labels = data.splits["train"].labels.astype(np.float64)
    return Regression(float(labels.mean()), float(labels.std()) or 1.0)


def task_in(contract: Mapping[str, Any]) -> TaskName:
    """Contracts of older versions name none: they are of one class a row."""
    return contract.get("task", "classification")
