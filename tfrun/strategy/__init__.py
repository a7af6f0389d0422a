"""Strategies: the devices that train together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.component import Component
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    import tensorflow as tf


class Strategy(Component):
    """Protocol of the group: `build()` gives a tf.distribute.Strategy."""

    def build(self) -> tf.distribute.Strategy:
        """Raises RunError where the devices are not there."""
        raise NotImplementedError

    def problems(self, batch_size: int) -> list[Problem]:
        """What can be told without asking for devices."""
        return []
