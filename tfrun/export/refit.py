"""Fitting the head again on the features that a quantized backbone gives, by the steps that trained it first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfrun.augment.none import NoAugment
from tfrun.record.console import Console
from tfrun.record.onlooker import Onlooker
from tfrun.training import Phase
from tfrun.training.feed import Feed
from tfrun.training.loop import Pace
from tfrun.training.phase import PhaseRun
from tfrun.training.progress import Progress

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.export.trained import Trained
    from tfrun.model import Model


@dataclass(frozen=True, eq=False)
class Given:
    """Features in memory, float32 [rows, ...], with what the feed asks of those in the store."""

    values: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.values.nbytes

    def array(self) -> np.ndarray:
        return self.values

    def gather(self, positions: np.ndarray) -> np.ndarray:
        return self.values[positions]


class _GivenFeed(Feed):
    """Training rows whose features are given."""

    def features(self, name: str, view: int = 0) -> Given:
        return self._kept[name, view]


def refit(trained: Trained, features: np.ndarray) -> Model:
    """features: float32 [rows of the training split, ...], of the rows as they are.

    A new head of the same kind, seed, loss, optimizer, schedule and epochs, trained to the end; augmentation that changes
    inputs is left out. Returns the model with that head. Raises RuntimeError where the loss is not finite.
    """
    model, experiment = trained.model, _plainly(trained.experiment)
    columns = getattr(model.transform, "columns", ()) if features.shape[1:] == tuple(model.transform.output_shape) else ()
    head = experiment.head.build_on(columns, features.shape[1:], trained.data.outputs, experiment.seed)
    again = replace(model, head=head)
    feed = _GivenFeed(
        experiment, again, trained.data, tf.distribute.get_strategy(), Onlooker(Console(quiet=True)),
        _kept={("train", 0): Given(features)},
    )  # fmt: skip
    run = PhaseRun(experiment, feed, Phase(name="refit", epochs=experiment.training.epochs, keep="last"), Progress())
    for first, last in run.segments():
        for stretch in run.advance(run.loop(first, last), last, Pace(), lambda: False):
            if stretch.broken is not None:
                raise RuntimeError(f"the loss of the refit head is not finite at step {stretch.broken}")
    run.finish()
    return again


def _plainly(experiment: Experiment) -> Experiment:
    training = experiment.training.model_copy(update={"xla": False})
    augment = NoAugment() if experiment.augment.changes_inputs else experiment.augment
    return experiment.model_copy(update={"augment": augment, "training": training})
