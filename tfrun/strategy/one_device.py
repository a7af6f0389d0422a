"""One device: the GPU where there is one, else the CPU."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.strategy import Strategy


class OneDevice(Strategy):
    """All work on one device."""

    device: str | None = setting(
        None, "e.g. /CPU:0 or /GPU:1; null: the first GPU, else the CPU", pattern=r"^/?(device:)?(CPU|GPU|cpu|gpu):\d+$"
    )

    @property
    def one_device_only(self) -> bool:
        return True

    def build(self):
        import tensorflow as tf

        device = self.device or ("/GPU:0" if tf.config.list_physical_devices("GPU") else "/CPU:0")
        kind, _, number = device.upper().strip("/").removeprefix("DEVICE:").partition(":")
        if int(number) >= len(tf.config.list_logical_devices(kind)):
            raise RunError(
                Problem("strategy.device", "this machine has no such device", "remove it to let tfrun choose", device)
            )
        return tf.distribute.OneDeviceStrategy(device)
