"""The loop of `parameter_server`: this process reads the batches and hands each to the worker that is free."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfrun.training.loop import Loop, Stretch
from tfrun.training.loss import Batch


class ScheduledLoop(Loop):
    """dataset: endless whole batches, from the right step on."""

    def __init__(self, step: Callable, dataset: tf.data.Dataset, strategy: tf.distribute.ParameterServerStrategy):
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
        self._batches = iter(dataset)

        @tf.function(autograph=False)
        def call(batch, number, slowdown):
            return step(Batch(*batch), number, slowdown)

        self._function = call

    def advance(self, first: int, count: int, slowdown: float, stop: bool = False) -> Stretch:
        """All updates of a call are done when it returns; within it they come in any order."""
        began, slow = time.perf_counter(), tf.constant(slowdown, tf.float32)
        answers = [
            self._coordinator.schedule(self._function, args=(next(self._batches), tf.constant(first + index), slow))
            for index in range(count)
        ]
        self._coordinator.join()
        totals = np.array([answer.fetch() for answer in answers])
        broken = np.flatnonzero(~np.isfinite(totals[:, 0]))
        steps = int(broken[0]) if len(broken) else count
        broken_at = first + steps if len(broken) else None
        return Stretch(steps, totals[:steps].sum(axis=0), broken_at, stop, time.perf_counter() - began)
