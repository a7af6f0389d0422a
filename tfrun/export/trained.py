"""The trained model and its experiment, for targets that choose between files. They choose on the validation split, never on the test split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfrun.backbone.none import NoBackbone
from tfrun.export.held import Held
from tfrun.export.measure import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model


@dataclass(frozen=True)
class Worth:
    """What a file is worth on the validation split. retention: of the primary metric; loss: the metric."""

    retention: float
    loss: float

    def beats(self, other: Worth) -> bool:
        return (self.retention, -self.loss) > (other.retention, -other.loss)


@dataclass(frozen=True)
class Trained:
    """to_numeric: see export.Source. validated: its primary metric on the validation split; None: found when first needed."""

    experiment: Experiment
    model: Model
    data: Data
    to_numeric: Callable[[dict], dict] | None = None
    validated: float | None = None

    @property
    def has_validation(self) -> bool:
        return "validation" in self.data.splits

    @property
    def can_refit(self) -> bool:
        """Whether the head was trained on the features of a backbone that did not change, which runtimes can run too."""
        frozen = not self.experiment.training.unfreezes and not isinstance(self.experiment.backbone, NoBackbone)
        return frozen and self.has_validation and self.to_numeric is None and bool(self.model.facts.parameters)

    def worth(self, path: Path, signature: str) -> Worth:
        """Measured through LiteRT in a process of its own. Raises RuntimeError where the file does not run."""
        labels, classes = self.data.splits["validation"].labels, self.data.outputs
        outputs = self.answers(path, signature, "validation", self.model.task.output)
        if not np.isfinite(outputs).all():
            raise RuntimeError("gives NaN or infinity")
        metric = self.experiment.evaluation.headline(labels, outputs, classes)
        return Worth(
            metric / self._base if self._base > 0 else float("nan"),
            self.experiment.evaluation.measure(labels, outputs, classes)["loss"],
        )

    def answers(self, path: Path, signature: str, split: str, output: str) -> np.ndarray:
        """float32 [rows, ...] of every row of a split, in order."""
        with Worker("litert") as worker:
            rows = Held(self.data.splits[split], np.empty(0), {}, self.to_numeric).batches(signature)
            return worker.answers(path, rows, signature, output)

    @cached_property
    def _base(self) -> float:
        """The primary metric of the trained model."""
        if self.validated is not None:
            return self.validated
        split, model = self.data.splits["validation"], self.model
        return self.experiment.evaluation.headline(split.labels, model.predict(split), self.data.outputs)
