"""The loop: the host calls a compiled inner loop of many steps, and reads one small tensor a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tensorflow as tf

from tfrun.config.problems import Problem, RunError


@dataclass(frozen=True)
class Stretch:
    """What a stretch of training gave, averaged over its rows."""

    loss: float
    accuracy: float
    rows: int


class Loop:
    """Runs `step` on batches of `dataset`, an endless stream of (inputs, labels), under `strategy`."""

    def __init__(self, step: Callable, dataset: tf.data.Dataset, strategy: tf.distribute.Strategy):
        # One iterator for the whole run: dropping one makes tf.data's autotuner wait for seconds.
        self._iterator = iter(strategy.experimental_distribute_dataset(dataset))

        @tf.function
        def advance(iterator, steps):
            totals = tf.zeros([3])
            for _ in tf.range(steps):
                totals += strategy.reduce("SUM", strategy.run(step, args=next(iterator)), axis=None)
            return totals

        self._advance = advance

    def run(self, first: int, last: int, steps_per_call: int) -> Iterator[tuple[int, Stretch]]:
        """Steps `first` to `last` (exclusive). Yields (step reached, what the call gave).

        Raises RunError when the loss is no longer finite.
        """
        step = first
        while step < last:
            count = min(steps_per_call, last - step)
            loss, correct, rows = self._advance(self._iterator, tf.constant(count)).numpy()
            step += count
            if not (loss < float("inf")):
                rule = f"the loss is not finite between steps {step - count} and {step}"
                raise RunError(Problem("optimizer.learning_rate", rule, "lower it, or add schedule.warmup"))
            yield step, Stretch(float(loss / rows), float(correct / rows), int(rows))
