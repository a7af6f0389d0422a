"""Who trains together over the network: the addresses, and which of them is this process."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfrun.config.problems import ConfigError, Problem, RunError

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Cluster:
    """jobs: {job: its "host:port" addresses}. job, index: of this process."""

    jobs: dict[str, list[str]]
    job: str
    index: int

    @property
    def size(self) -> int:
        return sum(map(len, self.jobs.values()))

    @property
    def leads(self) -> bool:
        """A job named chief leads where there is one, else worker 0, as in TensorFlow."""
        return self.job == "chief" or ("chief" not in self.jobs and (self.job, self.index) == ("worker", 0))

    def of(self, job: str, index: int) -> Cluster:
        """The same, as another process sees it."""
        return Cluster(self.jobs, job, index)

    def as_tf_config(self) -> str:
        """What that process finds in the environment variable TF_CONFIG."""
        return json.dumps({"cluster": self.jobs, "task": {"type": self.job, "index": self.index}})

    def resolver(self):
        import tensorflow as tf

        spec = tf.train.ClusterSpec(self.jobs)
        return tf.distribute.cluster_resolver.SimpleClusterResolver(
            spec, task_type=self.job, task_id=self.index, rpc_layer="grpc"
        )


def local(**counts: int) -> dict[str, list[str]]:
    """Jobs of as many processes on this machine, on ports that are free now."""
    sockets = []
    try:
        for _ in range(sum(counts.values())):
            sockets.append(socket.socket())
            sockets[-1].bind((_LOOPBACK, 0))
        ports = iter([held.getsockname()[1] for held in sockets])
    finally:
        for held in sockets:
            held.close()
    return {job: [f"{_LOOPBACK}:{next(ports)}" for _ in range(count)] for job, count in counts.items() if count}


def from_tf_config(text: str) -> Cluster:
    """text: of the variable TF_CONFIG. Raises ConfigError where it does not say what it has to."""
    try:
        content = json.loads(text)
        jobs = {str(job): [str(address) for address in addresses] for job, addresses in content["cluster"].items()}
        job, index = str(content["task"]["type"]), int(content["task"]["index"])
        jobs[job][index]
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        way_out = (
            'it has to be like {"cluster": {"worker": ["host:port", "host:port"]}, "task": {"type": "worker", "index": 0}}'
        )
        raise ConfigError(Problem("TF_CONFIG", "names no cluster and this process's place in it", way_out, text)) from error
    return Cluster(jobs, job, index)


def from_slurm(environment: Mapping[str, Any]) -> Cluster:
    """One process a Slurm task (`srun --ntasks=N`). Raises RunError where the variables of a step are not all there."""
    from tensorflow.python.distribute.cluster_resolver import slurm_cluster_resolver as slurm

    try:
        first_port = 20000 + int(environment["SLURM_JOB_ID"]) % 20000  # jobs that share a node seldom share a port
        hosts = slurm.expand_hostlist(environment["SLURM_STEP_NODELIST"])
        tasks = slurm.expand_tasks_per_node(environment["SLURM_STEP_TASKS_PER_NODE"])
        addresses = [f"{host}:{first_port + n}" for host, count in zip(hosts, tasks, strict=True) for n in range(count)]
        return Cluster({"worker": addresses}, "worker", slurm_index(environment))
    except (KeyError, ValueError) as error:
        way_out = "start it by `srun --ntasks=N python -m tfrun …` inside the job, or set TF_CONFIG"
        raise RunError(Problem("strategy", f"the variables of a Slurm step are not complete ({error})", way_out)) from error


def slurm_index(environment: Mapping[str, Any]) -> int:
    return int(environment["SLURM_PROCID"])


def in_slurm(environment: Mapping[str, Any]) -> bool:
    """A step of several tasks; not the one process of a batch script."""
    return "SLURM_PROCID" in environment and environment.get("SLURM_STEP_NUM_TASKS", "1") != "1"


def is_first(environment: Mapping[str, str] = os.environ) -> bool:
    """Is this the process that leads, as far as the environment tells?"""
    if environment.get("TF_CONFIG"):
        return from_tf_config(environment["TF_CONFIG"]).leads
    return not in_slurm(environment) or slurm_index(environment) == 0
