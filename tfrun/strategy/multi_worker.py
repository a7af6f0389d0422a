"""Several processes, on one machine or on many, each with a copy of the weights and a share of each batch."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tfrun.component import plain, setting
from tfrun.config.problems import Interrupted, Problem, RunError, TfrunError
from tfrun.quiet import native_output_to
from tfrun.strategy import Strategy, cluster
from tfrun.strategy.copies import refused, shared_out, unprofiled
from tfrun.strategy.crew import Crew, Lost, tell_ready

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.record import Record
    from tfrun.strategy.cluster import Cluster

_LOCAL, _REMOTE = 30, 600  # seconds to wait for the other processes to connect; those far away are started by somebody


class MultiWorker(Strategy):
    """tf.distribute.MultiWorkerMirroredStrategy: started here, or by whoever sets TF_CONFIG, or by Slurm.

    Worker 0 (the chief) measures, records, saves, exports; the others train with it and keep no run directory.
    """

    workers: int | None = setting(
        None,
        "processes to start on this machine; null: as TF_CONFIG or Slurm say, who start each process themselves",
        ge=1,
        le=64,
    )

    @property
    def leads(self) -> bool:
        return self.workers is not None or cluster.is_first()

    def problems(self, experiment):
        if self.workers is not None:
            own = shared_out("strategy.workers", self.workers, experiment)
        elif not os.environ.get("TF_CONFIG") and not cluster.in_slurm(os.environ):
            way_out = (
                "set strategy.workers=2 to start two processes here, or start one process a machine with TF_CONFIG or srun"
            )
            own = [Problem("strategy.workers", "is not given, nor does TF_CONFIG or Slurm say who trains together", way_out)]
        else:
            own = _started_apart(experiment)
        return [*own, *unprofiled(experiment), *refused(experiment)]

    def build(self):
        raise NotImplementedError("several processes: use `open`")

    @contextmanager
    def open(self, experiment: Experiment, record: Record, abandon: Callable[[TfrunError], None]) -> Iterator:
        import tensorflow as tf

        from tfrun.strategy.connect import connected, keep_context

        place = self._place()
        chatter = ExitStack()

        def stuck(lost: Lost) -> None:
            chatter.close()
            abandon(interrupted(lost, record))

        crew = Crew(self._jobs(experiment, place), record.directory, stuck)
        patience = 0.0
        try:
            tell_ready()
            if not crew.ready():
                raise interrupted(crew.lost(patience=5.0), record)
            if self.leads:  # what TensorFlow has to say of a lost connection fills a screen
                chatter.enter_context(native_output_to(record.log_path))
            strategy = connected(place, _LOCAL if self.workers else _REMOTE)
            _same_experiment(strategy, experiment)
            yield strategy
            patience = 10.0
        except tf.errors.OpError as error:
            keep_context()
            lost = crew.lost(patience=5.0) if self.workers else _lost_far_away(error)
            if lost is None:
                raise
            raise interrupted(lost, record) from error
        finally:
            crew.end(patience)
            chatter.close()

    def _place(self) -> Cluster:
        if self.workers is not None:
            return cluster.Cluster(cluster.local(worker=self.workers), "worker", 0)
        if os.environ.get("TF_CONFIG"):
            return cluster.from_tf_config(os.environ["TF_CONFIG"])
        return cluster.from_slurm(os.environ)

    def _jobs(self, experiment: Experiment, place: Cluster) -> dict[str, dict]:
        if self.workers is None:
            return {}
        same = plain(experiment.model_copy(update={"strategy": MultiWorker()}))
        return {
            f"worker {index}": {"experiment": same, "tf_config": place.of("worker", index).as_tf_config()}
            for index in range(1, self.workers)
        }


def _started_apart(experiment: Experiment) -> list[Problem]:
    problems = []
    if os.environ.get("TF_CONFIG"):
        try:
            cluster.from_tf_config(os.environ["TF_CONFIG"])
        except TfrunError as error:
            problems = error.problems
    if experiment.determinism == "off":
        rule = "draws a seed, and processes that are started apart would draw one each"
        problems.append(Problem("determinism", rule, "use determinism=seeded", "off"))
    return problems


def _same_experiment(strategy, experiment: Experiment) -> None:
    """Raises RunError where this process trains something else than the chief."""
    from tfrun.strategy.agreement import agreed

    mine = plain(experiment)
    chief = agreed(strategy, lambda: mine)
    keys = [key for key in mine if key not in ("runs", "strategy", "tracking") and mine[key] != chief.get(key)]
    if keys:
        way_out = "start all workers with the same command"
        raise RunError(Problem(keys[0], "differs from what worker 0 was started with", way_out, mine[keys[0]]))


def _lost_far_away(error) -> Lost | None:
    """What TensorFlow tells of a process that somebody else has started."""
    import tensorflow as tf

    gone = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.DeadlineExceededError)
    if not isinstance(error, gone):
        return None
    who = re.search(r"/job:(\w+)/replica:\d+/task:(\d+)", str(error))
    return Lost(f"{who[1]} {who[2]} is gone" if who else "another process is gone", killed=True)


def interrupted(lost: Lost, record: Record) -> RunError:
    resume = f"python -m tfrun resume {record.directory}"
    if not lost.killed:
        return RunError(Problem("strategy", lost.says, f"mend that, then `{resume}` goes on"))
    return Interrupted(
        Problem("strategy", lost.says, f"`{resume}` goes on from the newest checkpoint, also with strategy.workers=1")
    )
