"""Several devices of one machine, each with a copy of the weights and a share of each batch."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.strategy import Strategy
from tfrun.strategy.copies import refused, shared_out
from tfrun.strategy.one_device import OneDevice


class Mirrored(Strategy):
    """tf.distribute.MirroredStrategy: all GPUs, or logical CPU devices where there are none."""

    devices: int | None = setting(None, "how many; null: all GPUs", ge=1, le=64)

    def problems(self, experiment):
        return [*shared_out("strategy.devices", self.devices or 1, experiment), *refused(experiment)]

    def build(self):
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        count = self.devices or len(gpus)
        if count < 1:
            raise RunError(
                Problem(
                    "strategy.devices",
                    "this machine has no GPU",
                    "set strategy.devices=2 for two logical CPU devices, or strategy=one_device",
                )
            )
        if gpus and count > len(gpus):
            raise RunError(Problem("strategy.devices", f"this machine has {len(gpus)} GPUs", "ask for as many at most", count))
        names = [f"/GPU:{number}" for number in range(count)] if gpus else _logical_cpus(count)
        if count == 1:
            return OneDevice(device=names[0]).build()
        # Reducing on one device: collectives of two runs in one process collide ("Shape mismatch in the collective instance").
        return tf.distribute.MirroredStrategy(names, cross_device_ops=tf.distribute.ReductionToOneDevice())


def _logical_cpus(count: int) -> list[str]:
    import tensorflow as tf

    if len(tf.config.get_logical_device_configuration(tf.config.list_physical_devices("CPU")[0]) or [None]) < count:
        try:
            configurations = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
            tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], configurations)
        except RuntimeError as error:
            way_out = "start this run in a process of its own"
            raise RunError(
                Problem("strategy.devices", "TensorFlow has started with fewer CPU devices", way_out, count)
            ) from error
    return [f"/CPU:{number}" for number in range(count)]
