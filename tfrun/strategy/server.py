"""A process that computes what a coordinator sends it, or holds the weights: for `parameter_server`."""

from __future__ import annotations

from tfrun.strategy.cluster import Cluster
from tfrun.strategy.crew import tell_ready


def serve(place: Cluster) -> None:
    """Never returns: whoever started this process ends it."""
    import tensorflow as tf

    server = tf.distribute.Server(tf.train.ClusterSpec(place.jobs), job_name=place.job, task_index=place.index, protocol="grpc")
    tell_ready()
    server.join()
