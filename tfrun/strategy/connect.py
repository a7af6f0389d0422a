"""Connecting the processes of a cluster by TensorFlow's coordination service, and leaving it when one of them is gone."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.distribute.multi_worker_util import coordination_leader
from tensorflow.python.eager import context

from tfrun.config.problems import Problem, RunError
from tfrun.strategy.cluster import Cluster
from tfrun.strategy.one_device import OneDevice


def connected(place: Cluster, patience: int) -> tf.distribute.Strategy:
    """All devices of all processes; one device where there is one process. patience: seconds to wait for the others.

    Raises RunError where TensorFlow has started in this process already, tf.errors.OpError where the others do not come.
    """
    if place.size == 1:
        return OneDevice().build()
    resolver = place.resolver()
    jobs = [CoordinatedJob(name=job, num_tasks=len(addresses)) for job, addresses in place.jobs.items()]
    context.context().configure_coordination_service(
        service_type="standalone", service_leader=coordination_leader(resolver.cluster_spec()), coordinated_jobs=jobs,
        cluster_register_timeout_in_ms=1000 * patience,
    )  # fmt: skip
    try:
        with _heard_by_the_system():
            return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except RuntimeError as error:
        rule = "TensorFlow has started already, and several processes have to be connected before that"
        raise RunError(Problem("strategy", rule, "start this run in a process of its own", "multi_worker")) from error


def keep_context() -> None:
    """Taking a broken cluster down waits for the lost process, some twenty seconds: at its end, this one does without."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(context.context()._handle))


@contextmanager
def _heard_by_the_system() -> Iterator[None]:
    """While TensorFlow connects, Python is not asked: Ctrl-C and SIGTERM end the process as if it had no handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
