"""A user's own head, for trials that do not go well. Copied to where the user stands."""

import os
import signal
import threading
from pathlib import Path
from typing import Literal

from tfrun.component import setting
from tfrun.head.linear import Linear


class Moody(Linear):
    """A linear head that may fail in all the ways there are."""

    mood: Literal["fine", "raises", "hangs", "eats", "undefined", "dies", "dies_once"] = setting("fine", "what it does")

    def build(self, feature_shape, classes, seed):
        network = super().build(feature_shape, classes, seed)
        return getattr(self, f"_{self.mood}", lambda network: network)(network)

    def _raises(self, network):
        raise ValueError("this head does not want to")

    def _hangs(self, network):
        threading.Event().wait()

    def _eats(self, network):
        eaten = [b"x" * 100_000_000 for _ in range(60)]
        return network if eaten else None

    def _dies(self, network):
        os.kill(os.getpid(), signal.SIGKILL)

    def _dies_once(self, network):
        mark = Path("died")
        if mark.exists():
            return network
        mark.touch()
        self._dies(network)

    def _undefined(self, network):
        """Only when it is not trained, so that the training goes well."""
        import keras

        class Broken(keras.layers.Layer):
            def call(self, inputs, training=False):
                return inputs if training else inputs + float("nan")

        return keras.Sequential([network, Broken()])
