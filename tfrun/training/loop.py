"""The loop: the host calls a compiled inner loop of many steps, and reads one small tensor a call.

Two forms of one loop. `ArrayLoop` has the rows in memory (features of a frozen backbone, or small inputs) and is told which rows
each step takes; the whole call can be one XLA program. `StreamLoop` takes batches from a tf.data iterator and runs on any
strategy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfrun.strategy.agreement import leads, processes
from tfrun.training.loss import Batch
from tfrun.training.step import TOTALS

_SECONDS_A_CALL = 0.25
MOST_STEPS_A_CALL = 512


@dataclass(frozen=True)
class Stretch:
    """What a call did.

    steps: done. totals: float [4], see `step.TOTALS`. broken: step of the run whose loss was not finite, or None; that
    step is not among `steps`. stopped: some process asked to stop. seconds: the call took.
    """

    steps: int
    totals: np.ndarray
    broken: int | None
    stopped: bool
    seconds: float


class Loop:
    """Protocol: `advance` does up to `count` steps from the step `first` of the run."""

    most = MOST_STEPS_A_CALL
    _function: Callable
    _trace = None

    def advance(self, first: int, count: int, slowdown: float, stop: bool = False) -> Stretch:
        began = time.perf_counter()
        answer = self._call(first, count, slowdown, stop)
        *totals, steps, broken, stopped = answer.numpy().tolist()
        broken_at = first + int(steps) if broken else None
        return Stretch(int(steps), np.array(totals), broken_at, stopped > 0, time.perf_counter() - began)

    def _call(self, first: int, count: int, slowdown: float, stop: bool) -> tf.Tensor:
        raise NotImplementedError

    def _traced(self, *arguments: tf.Tensor) -> tf.Tensor:
        """Looking the trace up by its arguments' types costs more than a small step: done once."""
        if self._trace is None:
            self._trace = self._function.get_concrete_function(*arguments)
        return self._trace(*arguments)

    def run(self, first: int, last: int, pace: Pace, slowdown: float, asked_to_stop: Callable[[], bool]) -> Iterator[Stretch]:
        """Steps `first` to `last` (exclusive), call by call, until something stops it."""
        while first < last:
            stretch = self.advance(first, min(pace.steps, self.most, last - first), slowdown, asked_to_stop())
            first += stretch.steps
            pace.saw(stretch)
            yield stretch
            if stretch.broken is not None or stretch.stopped:
                return


class Pace:
    """How many steps a call has. fixed: that many; else about a quarter of a second, so that Ctrl-C is soon heard."""

    def __init__(self, fixed: int | None = None):
        self.steps, self._fixed = fixed or 1, fixed

    def saw(self, stretch: Stretch) -> None:
        if not self._fixed and stretch.seconds < _SECONDS_A_CALL:
            fits = int(_SECONDS_A_CALL * max(stretch.steps, 1) / max(stretch.seconds, 1e-6))
            self.steps = max(1, min(fits, 4 * self.steps, MOST_STEPS_A_CALL))  # by steps: the first calls also trace
        elif not self._fixed and stretch.seconds > 4 * _SECONDS_A_CALL:
            self.steps = max(1, self.steps // 2)


def steps_of(step: Callable, take: Callable[[tf.Tensor], tf.Tensor], first, count, stop) -> tf.Tensor:
    """The inner loop, traced. take: index of the step in this call -> float32 totals. Stops at the first loss that is not finite."""

    def goes_on(index, totals, broken):
        return (index < count) & ~broken

    def body(index, totals, broken):
        added = take(index)
        broken = ~tf.math.is_finite(added[0])
        return tf.where(broken, index, index + 1), tf.where(broken, totals, totals + added), broken

    start = (tf.constant(0), tf.zeros([TOTALS]), tf.constant(False))
    index, totals, broken = tf.while_loop(goes_on, body, start, parallel_iterations=1)
    return tf.concat([totals, tf.stack([tf.cast(index, tf.float32), tf.cast(broken, tf.float32), stop])], axis=0)


class ArrayLoop(Loop):
    """inputs: float32 [rows, ...]; labels: [rows] or [rows, classes]; weights: float32 [rows], all on the device.

    plan: (first, count) -> (positions int64 [count, batch], partners or None, shares or None) of those steps.
    mixes: do batches have partners? Partners' inputs are blended by their shares, as mixup does.
    """

    def __init__(
        self, step: Callable, inputs, labels, weights, batch_size: int, plan: Callable, xla: bool, mixes: bool = False
    ):
        self._arrays = (inputs, labels, weights)
        self._batch_size, self._plan, self._mixes = batch_size, plan, mixes

        @tf.function(jit_compile=xla, autograph=False)
        def call(inputs, labels, weights, rows, partners, shares, first, count, slowdown, stop):
            def take(index):
                mine = rows[index]
                if mixes:
                    batch = _gathered(inputs, labels, weights, mine, partners[index], shares[index])
                else:
                    batch = Batch(tf.gather(inputs, mine), tf.gather(labels, mine), tf.gather(weights, mine))
                return step(batch, first + index, slowdown)

            return steps_of(step, take, first, count, stop)

        self._function = call

    def _call(self, first, count, slowdown, stop):
        return self._traced(
            *self.read(first, count), tf.constant(first), tf.constant(count), tf.constant(slowdown, tf.float32),
            tf.constant(float(stop)),
        )  # fmt: skip

    def read(self, first: int, count: int) -> tuple[tf.Tensor, ...]:
        """What the compiled call takes of the rows: inputs, labels, weights, and which of them, in what shares."""
        rows, partners, shares = self._plan(first, count)
        return (*self._arrays, self._padded(rows), self._padded(partners), self._padded(shares, np.float32))

    @property
    def graph(self) -> tf.Graph:
        """Of the compiled call, after the first one."""
        return self._trace.graph

    def _padded(self, values: np.ndarray | None, dtype=np.int32) -> tf.Tensor:
        """One shape for all calls, so that one program serves them."""
        if values is None:
            return tf.zeros([1, 1], dtype)
        whole = np.zeros((self.most, self._batch_size), dtype)
        whole[: len(values)] = values
        return tf.constant(whole)


class ChunkLoop(ArrayLoop):
    """Rows come from disk: what a call needs is read before it. inputs: an object with `gather(positions)`."""

    def __init__(
        self, step: Callable, inputs, labels, weights, batch_size: int, plan: Callable, xla: bool, mixes: bool, most: int
    ):
        self.most = most
        super().__init__(step, inputs, labels, weights, batch_size, plan, xla, mixes)

    def read(self, first, count):
        rows, partners, shares = self._plan(first, count)
        features, labels, weights = self._arrays
        wanted = np.concatenate([rows.ravel(), partners.ravel()]) if self._mixes else rows.ravel()
        places = self.most * self._batch_size * (2 if self._mixes else 1)
        wanted = np.concatenate([wanted, np.zeros(places - len(wanted), wanted.dtype)])
        held = (tf.constant(features.gather(wanted)), tf.constant(labels[wanted]), tf.constant(weights[wanted]))
        here = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
        other = self._padded(here + rows.size if self._mixes else None)
        return (*held, self._padded(here), other, self._padded(shares, np.float32))


def _gathered(inputs, labels, weights, rows, partners, shares) -> Batch:
    """Rows blended with their partners (Zhang et al., "mixup", 2018)."""
    mine, other = tf.gather(inputs, rows), tf.gather(inputs, partners)
    share = tf.reshape(shares, [-1, *[1] * (inputs.shape.rank - 1)])
    weight = shares * tf.gather(weights, rows) + (1.0 - shares) * tf.gather(weights, partners)
    return Batch(share * mine + (1.0 - share) * other, tf.gather(labels, rows), weight, tf.gather(labels, partners), shares)


class StreamLoop(Loop):
    """dataset: a tf.data.Dataset of one replica's batches, or a distributed dataset; endless, from the right step on."""

    def __init__(self, step: Callable, dataset, strategy: tf.distribute.Strategy, xla: bool = False):
        # One iterator for the whole phase: dropping one may wait for seconds.
        self._iterator = iter(dataset)
        inner = tf.function(step, jit_compile=True, autograph=False) if xla else step
        self._leads, local = leads(strategy), strategy.num_replicas_in_sync // processes(strategy)

        @tf.function(autograph=False)
        def call(iterator, first, count, slowdown, stop):
            def take(index):
                totals = strategy.run(lambda *batch: inner(Batch(*batch), first + index, slowdown), args=next(iterator))
                return strategy.reduce("SUM", totals, axis=None)

            # Whoever asks to stop stops all; the leading process says how many steps: clocks differ.
            said = strategy.run(lambda: tf.stack([stop, tf.cast(count, tf.float32) / local]))
            asked, agreed = tf.unstack(strategy.reduce("SUM", said, axis=None))
            return steps_of(step, take, first, tf.cast(tf.round(agreed), tf.int32), asked)

        self._function = call

    def _call(self, first, count, slowdown, stop):
        return self._traced(
            self._iterator,
            tf.constant(first),
            tf.constant(count if self._leads else 0),
            tf.constant(slowdown, tf.float32),
            tf.constant(float(stop)),
        )
