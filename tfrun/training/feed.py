"""The training rows of a phase, and the loop that suits them: in memory, from disk, or through tf.data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import psutil
import tensorflow as tf

from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset.pipeline import without_autotune
from tfrun.strategy.agreement import leader_first
from tfrun.strategy.scheduled import ScheduledLoop
from tfrun.training.loop import MOST_STEPS_A_CALL, ArrayLoop, ChunkLoop, Loop, StreamLoop
from tfrun.training.order import order, partners, shares
from tfrun.training.stream import feature_batches, input_batches

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record
    from tfrun.store.features import Features

_MEMORY = 0.25  # share of the free memory that features may take
_CHUNK_BYTES = 64 * 2**20


@dataclass
class Feed:
    """Rows of all splits as training takes them. extracted, extraction_seconds: what the feature store had to compute."""

    experiment: Experiment
    model: Model
    data: object
    strategy: tf.distribute.Strategy
    record: Record
    extracted: int = 0
    reused: int = 0
    extraction_seconds: float = 0.0
    engine: str = ""
    _kept: dict = field(default_factory=dict)

    def features(self, name: str, view: int = 0) -> Features:
        """Of a split, from a frozen backbone; computed where the store has none."""
        if (name, view) not in self._kept:
            split, augment = self.data.splits[name], self.experiment.augment if view else None
            title = f"features ({name}, view {view})" if view else f"features ({name})"
            with self.record.progress(title, len(split), "rows") as progress:
                found = self.model.features(split, progress.reach, view=view, augment=augment, seed=self.experiment.seed)
            self.extracted += found.extracted
            self.reused += found.reused
            self.extraction_seconds += found.seconds
            self.engine = found.engine or self.engine
            self._kept[name, view] = found
        return self._kept[name, view]

    def loop(self, step: Callable, first: int, from_features: bool, xla: bool) -> Loop:
        """A loop that can go on from step `first` of the run."""
        if isinstance(self.strategy, tf.distribute.ParameterServerStrategy):
            views = [self.features("train", view) for view in self._views] if from_features else None
            return ScheduledLoop(step, self._batches(first, _Stacked(views) if views else None), self.strategy)
        if not from_features:
            return StreamLoop(step, self._distributed(first, None), self.strategy, xla)
        views = leader_first(self.strategy, lambda: [self.features("train", view) for view in self._views])
        if self.strategy.num_replicas_in_sync > 1:
            return StreamLoop(step, self._distributed(first, _Stacked(views)), self.strategy, xla)
        labels, weights = np.concatenate([self.labels] * len(views)), np.tile(self.weights, len(views))
        size, mixes = sum(view.nbytes for view in views), self.experiment.augment.mixes
        batch_size = self.experiment.training.batch_size
        if size <= _MEMORY * psutil.virtual_memory().available:
            held = (_on_device(part) for part in (np.concatenate([v.array() for v in views]), labels, weights))
            return ArrayLoop(step, *held, batch_size, self._plan, xla, mixes)
        most = max(1, min(MOST_STEPS_A_CALL, _CHUNK_BYTES // (batch_size * size // max(1, len(labels)) * (1 + mixes))))
        return ChunkLoop(step, _Stacked(views), labels, weights, batch_size, self._plan, xla, mixes, most)

    def stream(self, first: int, from_features: bool):
        """The distributed dataset of the batches from step `first` of the run on."""
        views = [self.features("train", view) for view in self._views] if from_features else None
        return self._distributed(first, _Stacked(views) if views else None)

    def resident(self, step: Callable, first: int, from_features: bool, xla: bool) -> StreamLoop:
        """A loop over one batch, again and again: what is left when input costs nothing."""
        batch = next(iter(self.stream(first, from_features)))
        local = self.strategy.experimental_local_results

        def again(context) -> tf.data.Dataset:
            parts = [tuple(local(column)[number] for column in batch) for number in range(len(local(batch[0])))]
            stacked = tuple(tf.stack(columns) for columns in zip(*parts, strict=True))
            return without_autotune(tf.data.Dataset.from_tensor_slices(stacked).cache().repeat())

        return StreamLoop(step, self.strategy.distribute_datasets_from_function(again), self.strategy, xla)

    @property
    def labels(self) -> np.ndarray:
        return self.data.splits["train"].labels

    @property
    def weights(self) -> np.ndarray:
        """float32 [training rows]: of the class times of the row."""
        split, training = self.data.splits["train"], self.experiment.training
        return (_class_weights(training.class_weights, split.labels, self.model.classes) * self._row_weights()).astype(
            np.float32
        )

    def broken_rows(self, step: int, from_features: bool) -> list[str]:
        """Ids of the rows of that step whose inputs are not finite."""
        split, batch_size, seed = self.data.splits["train"], self.experiment.training.batch_size, self.experiment.seed
        positions = order(len(split), seed, step * batch_size, batch_size)
        if from_features:
            rows, _, _ = self._plan(step, 1)
            inputs = _Stacked([self.features("train", view) for view in self._views]).gather(rows[0])
        else:
            stream = input_batches(self.model, split, self.experiment.augment, batch_size, seed, first_step=step)
            inputs = next(iter(stream))[0].numpy()
        if inputs.dtype == object:  # strings
            return []
        bad = ~np.isfinite(inputs.reshape(len(inputs), -1)).all(axis=1)
        return list(dict.fromkeys(str(split.ids[position]) for position in positions[bad]))

    @property
    def _views(self) -> list[int]:
        augment = self.experiment.augment
        return list(range(1, augment.views + 1)) if augment.changes_inputs else [0]

    def _row_weights(self) -> np.ndarray:
        split, column = self.data.splits["train"], self.experiment.training.sample_weights
        if column is None:
            return np.ones(len(split))
        try:
            weights = np.array([float(value) for value in split.columns[column]])
        except KeyError as error:
            raise _weights_problem("is no column of the data", nearest(column, split.columns), column) from error
        except ValueError as error:
            raise _weights_problem(f"holds what is no number ({error})", "mend the column", column) from error
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise _weights_problem("holds weights below 0, or none above, or not finite", "mend the column", column)
        return weights

    def _plan(self, first: int, count: int):
        """Rows of the steps, [count, batch] each: positions in the stacked views, partners', and shares; each pass takes the next view."""
        rows, size, augment = len(self.labels), self.experiment.training.batch_size, self.experiment.augment
        seed, start, number = self.experiment.seed, first * size, count * size
        shift = (np.arange(start, start + number) // rows % len(self._views)) * rows

        def shaped(values):
            return values.reshape(count, size)

        own = shaped(order(rows, seed, start, number) + shift)
        if not augment.mixes:
            return own, None, None
        others = shaped(partners(rows, seed, start, number) + shift)
        return own, others, shaped(shares(augment, rows, seed, start, number))

    def _distributed(self, first: int, features):
        """Each input pipeline reads the rows of its replicas only."""
        replicas = self.strategy.num_replicas_in_sync

        def batches(context) -> tf.data.Dataset:
            share = self._batches(first, features, replicas, context.num_input_pipelines, context.input_pipeline_id)
            # Told that there is no end, processes need not ask each other at each step whether it has come.
            return share.apply(tf.data.experimental.assert_cardinality(tf.data.experimental.INFINITE_CARDINALITY))

        return self.strategy.distribute_datasets_from_function(batches)

    def _batches(self, first: int, features, *share: int) -> tf.data.Dataset:
        """From step `first` on. features: None: pictures. share: replicas, pipelines, pipeline; none: whole batches."""
        split, augment = self.data.splits["train"], self.experiment.augment
        size, seed = self.experiment.training.batch_size, self.experiment.seed
        if features is None:
            return input_batches(self.model, split, augment, size, seed, first, *share, weights=self.weights)
        return feature_batches(
            features, self.labels, size, seed, first, *share, weights=self.weights, augment=augment, views=len(self._views)
        )


@dataclass(frozen=True)
class _Stacked:
    """Views of the same rows, one after the other."""

    views: list[Features]

    def gather(self, positions: np.ndarray) -> np.ndarray:
        if len(self.views) == 1:
            return self.views[0].gather(positions)
        view, row = np.divmod(positions, len(self.views[0]))
        gathered = np.empty((len(positions), *self.views[0].shape), np.float32)
        for number in np.unique(view):
            gathered[view == number] = self.views[number].gather(row[view == number])
        return gathered


def _class_weights(asked, labels: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """float [rows]. balanced: rows / (classes · rows of the class) (King & Zeng, 2001), as scikit-learn has it."""
    if asked == "none":
        return np.ones(len(labels))
    if asked == "balanced":
        counts = np.bincount(labels, minlength=len(classes))
        return (len(labels) / ((counts > 0).sum() * np.maximum(counts, 1)))[labels]
    unknown = [name for name in asked if name not in classes]
    if unknown:
        raise RunError(
            *(Problem(f"training.class_weights.{name}", "is no class of the data", nearest(name, classes)) for name in unknown)
        )
    return np.array([asked.get(name, 1.0) for name in classes])[labels]


def _weights_problem(rule: str, way_out: str, column: str) -> RunError:
    return RunError(Problem("training.sample_weights", rule, way_out, column))


def _on_device(values: np.ndarray) -> tf.Tensor:
    return tf.constant(values)
