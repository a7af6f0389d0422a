"""Weights on servers; workers change them batch by batch without waiting for each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tfrun.component import setting
from tfrun.config.problems import Problem, TfrunError
from tfrun.quiet import native_output_to
from tfrun.strategy import Strategy, cluster
from tfrun.strategy.cluster import Cluster
from tfrun.strategy.copies import refused, unprofiled
from tfrun.strategy.crew import Crew, Lost
from tfrun.strategy.multi_worker import interrupted
from tfrun.strategy.one_device import OneDevice

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.experiment import Experiment
    from tfrun.model import Model
    from tfrun.record import Record


class ParameterServer(Strategy):
    """tf.distribute.ParameterServerStrategy (Li et al., "Scaling Distributed Machine Learning with the Parameter Server", 2014).

    This process (the chief) reads the rows and hands out whole batches; it measures, records, saves, exports. Where there are
    several workers, who comes first differs from run to run, and so do the weights.
    """

    workers: int | None = setting(
        None, "worker processes to start on this machine; null: as TF_CONFIG says, by whom each process is started", ge=1, le=64
    )
    servers: int = setting(1, "processes to start that hold the weights; only with workers", ge=1, le=64)

    @property
    def leads(self) -> bool:
        return self.workers is not None or self._told().job == "chief"

    def problems(self, experiment):
        return [*self._cluster_problems(), *_unordered(experiment), *unprofiled(experiment), *refused(experiment)]

    def follow(self, train: Callable[[], None]) -> None:
        from tfrun.strategy.server import serve

        serve(self._told())

    @contextmanager
    def open(self, experiment: Experiment, record: Record, abandon: Callable[[TfrunError], None]) -> Iterator:
        import tensorflow as tf

        place = self._told() if self.workers is None else self._here()
        chatter = ExitStack()

        def stuck(lost: Lost) -> None:
            chatter.close()
            abandon(interrupted(lost, record))

        crew = Crew(self._jobs(place), record.directory, stuck)
        try:
            if not crew.ready():
                raise interrupted(crew.lost(patience=5.0), record)
            chatter.enter_context(native_output_to(record.log_path))
            yield tf.distribute.ParameterServerStrategy(place.resolver())
        except BaseException as error:
            lost = crew.lost(patience=5.0) if isinstance(error, tf.errors.OpError) else None
            crew.end()  # what still waits for an answer of theirs gets an error
            if lost is None:
                raise
            raise interrupted(lost, record) from error
        finally:
            chatter.close()
        crew.let_be()  # TensorFlow complains of servers that go before this process does

    def settled(self, model: Model, build: Callable[[tf.distribute.Strategy], Model]) -> Model:
        values = [variable.numpy() for variable in model.variables]
        copy = build(OneDevice().build())
        for variable, value in zip(copy.variables, values, strict=True):
            variable.assign(value)
        return copy

    def _here(self) -> Cluster:
        return Cluster(cluster.local(chief=1, worker=self.workers, ps=self.servers), "chief", 0)

    def _told(self) -> Cluster:
        return cluster.from_tf_config(os.environ.get("TF_CONFIG", ""))

    def _jobs(self, place: Cluster) -> dict[str, dict]:
        if self.workers is None:
            return {}
        helpers = [(job, index) for job in ("ps", "worker") for index in range(len(place.jobs[job]))]
        return {f"{job} {index}": {"tf_config": place.of(job, index).as_tf_config()} for job, index in helpers}

    def _cluster_problems(self) -> list[Problem]:
        if self.workers is not None:
            return []
        if not os.environ.get("TF_CONFIG"):
            way_out = "set strategy.workers=1 to start processes here, or start one process a machine with TF_CONFIG"
            return [Problem("strategy.workers", "is not given, nor does TF_CONFIG say who trains together", way_out)]
        try:
            jobs = self._told().jobs
        except TfrunError as error:
            return error.problems
        missing = [job for job in ("chief", "worker", "ps") if not jobs.get(job)]
        return [Problem("TF_CONFIG", f"names no {missing[0]}", "it needs the jobs chief, worker and ps")] if missing else []


def _unordered(experiment: Experiment) -> Iterator[Problem]:
    """What needs the updates of the weights to come one after the other."""
    training = experiment.training
    if training.precision == "mixed_float16":
        rule = "keeps one loss scale, which workers that do not wait for each other would overwrite"
        yield Problem("training.precision", rule, "use mixed_bfloat16 or float32", training.precision)
    if training.ema_decay is not None:
        rule = "averages the weights after each update, which workers that do not wait for each other would overwrite"
        yield Problem("training.ema_decay", rule, "leave it out, or use strategy=multi_worker", training.ema_decay)
