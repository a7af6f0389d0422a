"""The model: transform, backbone and head, from raw inputs to answers."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfrun.backbone import BackboneFacts
from tfrun.backbone.lazy import LazyBackbone, sha256
from tfrun.config.problems import Problem, RunError
from tfrun.store.features import Features
from tfrun.store.source import FeatureSource
from tfrun.task import Task, task_of
from tfrun.transform.batches import transformed

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from tfrun.augment import Augment
    from tfrun.dataset import Data, InputSpec, Split
    from tfrun.experiment import Experiment

_CHUNK = 4096  # rows of features that go through the head at once
_NONE = np.empty(0, np.intp)


@dataclass(frozen=True)
class Model:
    """transform: {input name: raw batch} -> inputs. backbone: inputs -> features. head: features -> logits [batch, outputs], which
    the task turns into answers: probabilities of the classes, or numbers.

    The backbone is loaded when it is first asked for; `facts` and stored features do without.
    """

    transform: tf.Module
    head: keras.Model
    classes: tuple[str, ...]
    task: Task
    inputs: tuple[InputSpec, ...]
    facts: BackboneFacts
    lazy: LazyBackbone
    source: FeatureSource

    @property
    def backbone(self) -> keras.Layer:
        return self.lazy.layer

    def unfreeze(self, trainable: bool) -> None:
        """Makes the backbone trainable, or frozen again; a backbone that is not loaded yet is frozen."""
        if trainable or self.lazy.is_loaded:
            self.backbone.trainable = trainable

    def answers(self, raw: dict[str, tf.Tensor]) -> tf.Tensor:
        """raw: a batch of each input as the user has it. float32 [batch, outputs]."""
        import tensorflow as tf

        with tf.name_scope("transform"):  # by which exports find it in a graph
            inputs = self.transform(raw)
        return self.answer(inputs)

    def answer(self, inputs: tf.Tensor) -> tf.Tensor:
        """inputs: what the transform gives, [batch, ...]. float32 [batch, outputs]."""
        return self.answer_features(self.backbone(inputs, training=False))

    def answer_features(self, features: tf.Tensor) -> tf.Tensor:
        """features: what the backbone gives, [batch, ...]. float32 [batch, outputs]."""
        return self.task.answer(self.head(features, training=False))

    @property
    def variables(self) -> list[keras.Variable]:
        """All weights, backbone first, in an order that is the same in every run."""
        return [*self.backbone.variables, *(v for v in self.head.variables if "seed_generator" not in v.path)]

    def weights_sha256(self) -> str:
        """Over the hashes of the backbone and of the head; a backbone as it came is known by its own without being loaded."""
        return hashlib.sha256(f"{self.lazy.weights_sha256()} {self.head_sha256()}".encode()).hexdigest()

    def head_sha256(self) -> str:
        """Over dtype, shape and bytes of each variable, in order."""
        return sha256([variable for variable in self.head.variables if "seed_generator" not in variable.path])

    def features(
        self,
        split: Split,
        reach: Callable[[int], None] = lambda rows: None,
        view: int = 0,
        augment: Augment | None = None,
        seed: int = 0,
    ) -> Features:
        """The frozen backbone's features of every row in order, from the feature store or computed and kept there.

        reach: told how many rows there are so far. view: 0: rows as they are; from 1 on: changed by `augment` with a seed a
        row that is made of `seed`, the view and the row. A backbone whose weights were trained meanwhile is used as it is,
        and nothing is kept.
        Raises RunError where `features.engine` cannot run the backbone.
        """
        return self.source.features(split, reach, view, augment, seed)

    def predict(self, split: Split) -> np.ndarray:
        """The answer to every row in order, float32 [rows, outputs], through the backbone itself: this is evidence."""
        return self.predict_keeping(split, _NONE)[0]

    def predict_keeping(self, split: Split, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `predict`, and the features of the rows at `keep`: see `asked`."""
        logits, kept = self.asked(split, keep)
        return np.asarray(self.task.answer(logits)), kept

    def asked(self, split: Split, keep: np.ndarray = _NONE) -> tuple[np.ndarray, np.ndarray]:
        """Logits of every row in order, float32 [rows, outputs], and the features of the rows at `keep` (int, rising), float32 [n, ...].

        By the backbone itself and not by the feature store. Of other rows, features of 4,096 are in memory at a time.
        """
        logits, kept, start = [], [], 0
        for features in self._embedded(split):
            logits.append(self.head(features, training=False))
            kept.append(features[keep[(keep >= start) & (keep < start + len(features))] - start])
            start += len(features)
        return np.concatenate(logits), np.concatenate(kept)

    def _embedded(self, split: Split) -> Iterator[np.ndarray]:
        """Features of every row in order, float32 [at most 4096, ...]."""
        import tensorflow as tf

        function, rows, waiting, count = self.lazy.function, self.lazy.rows_at_once, [], 0
        for inputs in transformed(split, self.transform, rows):
            waiting.append(function(tf.constant(inputs)).numpy())
            count += len(waiting[-1])
            if count >= _CHUNK:
                yield np.concatenate(waiting)
                waiting, count = [], 0
        if waiting:
            yield np.concatenate(waiting)

    def predict_from_features(self, features: Features | np.ndarray) -> np.ndarray:
        """features: of one split. float32 [rows, outputs]."""
        return np.asarray(self.task.answer(self.logits(features)))

    def logits(self, features: Features | np.ndarray) -> np.ndarray:
        """features: of one split. float32 [rows, outputs]."""
        import tensorflow as tf

        return tf.concat([self.head(chunk, training=False) for chunk in _chunks(features)], axis=0).numpy()


def _chunks(features: Features | np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(features), _CHUNK):
        stop = min(start + _CHUNK, len(features))
        yield features.gather(np.arange(start, stop)) if isinstance(features, Features) else features[start:stop]


def _streams(experiment: Experiment) -> bool:
    """Whether steps see what the transform gives, and not features."""
    changes = experiment.augment.changes_inputs and not experiment.augment.views
    return experiment.training.unfreezes or changes


def build(
    experiment: Experiment, data: Data, strategy: tf.distribute.Strategy, warn: Callable[[str], None] = warnings.warn
) -> Model:
    """warn: told what went wrong with the feature store and was overcome, a line each.

    Raises RunError where the parts do not fit together.
    """
    from tfrun.strategy.agreement import processes

    problems = [part.problem(data.kind) for part in (experiment.transform, experiment.augment)]
    if any(problems):
        raise RunError(*filter(None, problems))
    transform = experiment.transform.build(data, experiment.backbone)
    if experiment.training.xla is True and transform.output_dtype == "string" and _streams(experiment):
        raise RunError(Problem("training.xla", "XLA programs cannot hold strings", "use training.xla=auto", True))
    root = experiment.features.path if experiment.features.keep else None
    lazy = LazyBackbone(experiment.backbone, transform, strategy.scope, root, warn)
    if experiment.training.unfreezes and not lazy.facts.notes.get("fine_tunable"):
        rule = "has no trainable variables or can only be called by a signature: it cannot be fine-tuned"
        raise RunError(Problem("backbone.handle", rule, "use training=frozen, or a reusable TF2 SavedModel", lazy.facts.handle))
    if experiment.training.unfreezes:
        lazy.load()  # what cannot be loaded is better found out before a frozen phase than after it
    if processes(strategy) > 1:
        lazy.load()  # all processes have to make their variables in the same order
    with strategy.scope():
        columns = getattr(transform, "columns", ()) if lazy.feature_shape == tuple(transform.output_shape) else ()
        if experiment.head.reads_columns and not columns:
            way_out = "use transform=table and backbone=none, or head=mlp"
            raise RunError(
                Problem("head", "needs features of which each belongs to a column", way_out, type(experiment.head).__name__)
            )
        head = experiment.head.build_on(columns, lazy.feature_shape, data.outputs, experiment.seed)
    source = FeatureSource(experiment, data.inputs, transform, lazy, warn)
    return Model(transform, head, data.classes, task_of(data), data.inputs, lazy.facts, lazy, source)
