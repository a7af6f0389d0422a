"""Trials on the machines of a Ray cluster, or on this one as Ray's."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrun.apart import Failed
from tfrun.apart.limits import Limits
from tfrun.config.problems import Problem, RunError
from tfrun.cores import cores
from tfrun.sweep import Suggestion
from tfrun.sweep.cluster import Ray
from tfrun.sweep.job import STOPPING, Job, conduct, opened

_STORE = 80 * 2**20  # bytes of a local cluster's object store: answers are small
_ANSWERS = 10.0  # seconds that the head of a cluster may take


@dataclass
class Running:
    """One trial on the cluster. stopped: why it was asked to stop. began: by this machine's clock."""

    number: int
    job: Job
    task: Any
    stopped: str = ""
    began: float = field(default_factory=time.time)


class RayPool:
    """One Ray task a trial, the next one as soon as one ends; Ray finds the machine. The trial is a child of Ray's worker, which
    keeps TensorFlow loaded for the next one. Ray itself tries nothing again: the study does, from the checkpoint.

    size: trials at a time; auto: what the cluster has room for at the moment. Raises RunError where there is no such cluster.
    """

    def __init__(self, settings: Ray, size: int | str, limits: Limits):
        self.settings, self.limits, self._size = settings, limits, size
        self.running: dict[int, Running] = {}
        with _told(settings):
            self._ours = _joined(settings)
            import ray

            self._ray = ray
            self._task = ray.remote(_conducted).options(
                num_cpus=settings.cpus, num_gpus=settings.gpus, max_retries=0, scheduling_strategy="SPREAD"
            )
        if not self.size:
            rule = f"no machine of the cluster has {settings.cpus:g} cores and {settings.gpus:g} GPUs for a trial"
            raise RunError(Problem("sweep.ray", rule, "ask for less, or give sweep.workers where machines are still to come"))

    @property
    def size(self) -> int:
        """A cluster may grow and shrink."""
        if isinstance(self._size, int):
            return self._size
        with _told(self.settings):
            return sum(_room(node["Resources"], self.settings) for node in self._ray.nodes() if node["Alive"])

    @property
    def has_room(self) -> bool:
        return len(self.running) < self.size

    def start(self, suggestion: Suggestion, mapping: dict[str, Any], directory: Path) -> None:
        job = Job.of(suggestion.number, directory)
        job.give(mapping, directory, suggestion.until, self.limits)
        self.running[suggestion.number] = Running(
            suggestion.number, job, self._task.remote(str(job.folder), self.settings.cpus)
        )

    def wait(self, seconds: float) -> None:
        """Until one has ended, or so long."""
        with _told(self.settings):
            self._ray.wait([running.task for running in self.running.values()], timeout=seconds)

    def ended(self) -> list[tuple[Running, dict[str, Any] | Failed]]:
        """Those that have ended since the last call, with what they returned or how they failed. Raises RunError where a machine
        does not see the sweep's directory.
        """
        tasks = {running.task: running for running in self.running.values()}
        over, _ = self._ray.wait(list(tasks), num_returns=len(tasks), timeout=0) if tasks else ([], [])
        return [(tasks[task], self._answer(tasks[task])) for task in over]

    def _answer(self, running: Running) -> dict[str, Any] | Failed:
        del self.running[running.number]
        try:
            told = self._ray.get(running.task)
        except self._ray.exceptions.RayTaskError as error:  # of ours, before the trial began
            return Failed(_line(error.cause), str(error))
        except self._ray.exceptions.RayError as error:  # the worker or its machine has gone
            return Failed(_line(error), killed=True)
        if "blind" in told:
            way_out = "put it on storage that all machines of the cluster share, at the same path"
            raise RunError(Problem("sweep.pool", told["blind"], f"{way_out}; sweep.resume goes on", "ray"))
        running.began = time.time() - told["seconds"]
        return opened(told)

    def ask_to_stop(self, number: int, why: str) -> None:
        """It saves what it has and ends."""
        self.running[number].stopped = why
        self.running[number].job.ask_to_stop()

    def close(self) -> None:
        """Ends what still runs; what it had saved stays. A cluster that was started for this sweep ends too."""
        for running in self.running.values():
            running.job.ask_to_stop()
        tasks = [running.task for running in self.running.values()]
        _, left = self._ray.wait(tasks, num_returns=len(tasks), timeout=STOPPING) if tasks else ([], [])
        for task in left:
            self._ray.cancel(task, force=True)
        self.running.clear()
        if self._ours:
            self._ray.shutdown()


def _conducted(folder: str, cpus: float) -> dict[str, Any]:
    """On the worker. Ray has told it which GPUs are its own."""
    environment = {"TF_NUM_INTRAOP_THREADS": str(max(1, round(cpus)))} if cpus else {}
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        environment["CUDA_VISIBLE_DEVICES"] = os.environ["CUDA_VISIBLE_DEVICES"]
    return conduct(folder, environment)


def _joined(settings: Ray) -> bool:
    """Whether this process is in a cluster only for this sweep's sake."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    here = settings.address is None
    if here:  # before Ray is imported: it listens on loopback only where no other machine can join
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray

    if ray.is_initialized():
        return False
    if not here:
        _reached(settings.address)
    alone = {"num_cpus": cores(), "include_dashboard": False, "object_store_memory": _STORE} if here else {}
    with _our_signals():
        ray.init(settings.address or "local", log_to_driver=False, logging_level="ERROR", **alone)
    return True


def _reached(address: str) -> None:
    """Raises OSError where nobody listens: Ray itself would try for ten minutes."""
    host, colon, port = address.rpartition("/")[2].rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), _ANSWERS).close()


@contextmanager
def _our_signals():
    """Ray ends the process at SIGTERM; a sweep has more to do."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def _room(resources: dict[str, float], settings: Ray) -> int:
    """Trials at a time on a machine."""
    wanted = {"CPU": settings.cpus, "GPU": settings.gpus}
    return int(min(resources.get(name, 0.0) // share for name, share in wanted.items() if share))


@contextmanager
def _told(settings: Ray):
    """What Ray says of its cluster, in one line."""
    try:
        yield
    except (RuntimeError, ValueError, OSError) as error:
        way_out = "see `ray status` there; sweep.resume goes on with a sweep that has begun"
        raise RunError(Problem("sweep.ray.address", f"cannot be used ({_line(error)})", way_out, settings.address)) from error


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]
