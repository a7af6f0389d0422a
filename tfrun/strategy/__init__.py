"""Strategies: the devices that train together, in one process or in many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tfrun.component import Component
from tfrun.config.problems import Problem, TfrunError

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record


class Strategy(Component):
    """Protocol of the group: `build()` gives a tf.distribute.Strategy.

    A strategy of several processes has `open` instead, which starts and ends them, and says by `leads` which of them this
    one is.
    """

    def build(self) -> tf.distribute.Strategy:
        """Raises RunError where the devices are not there."""
        raise NotImplementedError

    @contextmanager
    def open(
        self, experiment: Experiment, record: Record, abandon: Callable[[TfrunError], None]
    ) -> Iterator[tf.distribute.Strategy]:
        """The strategy for one training. The processes that it started end with the context.

        abandon: ends this process where another one is lost and TensorFlow does not notice.
        Raises RunError where the devices are not there, Interrupted where a process is lost on the way.
        """
        yield self.build()

    @property
    def one_device_only(self) -> bool:
        """True: there are no copies of weights to keep equal."""
        return False

    @property
    def leads(self) -> bool:
        """False in a process that only helps another one to train: that one has the run directory."""
        return True

    def follow(self, train: Callable[[], object]) -> None:
        """What a process does that does not lead. train: the same training as in the one that leads."""
        train()

    def settled(self, model: Model, build: Callable[[tf.distribute.Strategy], Model]) -> Model:
        """The trained model for the time after training, when the other processes are gone. build: makes an untrained one."""
        return model

    def problems(self, experiment: Experiment) -> list[Problem]:
        """What can be told without asking for devices: numbers that do not fit, options that do not go with this strategy."""
        return []
