"""A TPU, or a slice of a TPU pod."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.strategy import Strategy
from tfrun.strategy.copies import refused


class TPU(Strategy):
    """tf.distribute.TPUStrategy. Written after TensorFlow's documentation; nobody has run it yet."""

    tpu: str = setting("local", "name or grpc:// address of the TPU; local: the one of this machine", min_length=1)

    def problems(self, experiment):
        return refused(experiment)

    def build(self):
        import tensorflow as tf

        try:
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver(self.tpu)
            if self.tpu != "local":
                tf.config.experimental_connect_to_cluster(resolver)
            tf.tpu.experimental.initialize_tpu_system(resolver)
            return tf.distribute.TPUStrategy(resolver)
        except (ValueError, RuntimeError, OSError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:160]
            way_out = "name one that this machine can reach, or use another strategy"
            raise RunError(Problem("strategy.tpu", f"no TPU answers ({reason})", way_out, self.tpu)) from error
