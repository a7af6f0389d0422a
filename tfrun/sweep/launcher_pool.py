"""Trials as jobs of a Hydra launcher that the user chose (`hydra/launcher=joblib`, `submitit_slurm` …), a batch after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrun.apart import Failed
from tfrun.apart.limits import Limits
from tfrun.config.problems import Problem, RunError
from tfrun.sweep import Suggestion
from tfrun.sweep.job import STOPPING, Job, opened
from tfrun.sweep.space import Values


@dataclass
class Running:
    """One trial that is in a batch or waits for the next. stopped: why it was asked to stop. began: by this machine's clock."""

    number: int
    values: Values
    job: Job
    stopped: str = ""
    began: float = field(default_factory=time.time)


Launch = Callable[[list[Running]], list[Any]]  # gives what each job returned, when all have ended


class LauncherPool:
    """Gathers trials until `batch` wait, launches them, and takes no more until the launcher has come back with all. They are
    told of as they end: each writes its answer into its folder.

    name: of the launcher. batch: trials at most. at_once: how many of them run at a time, as far as that is known.
    """

    def __init__(self, name: str, launch: Launch, batch: int, at_once: int, limits: Limits):
        self.name, self.batch, self.size, self.limits = name, batch, at_once, limits
        self.running: dict[int, Running] = {}
        self._launch, self._waiting = launch, []
        self._under_way: _Batch | None = None

    @property
    def has_room(self) -> bool:
        return self._under_way is None and len(self._waiting) < self.batch

    def start(self, suggestion: Suggestion, mapping: dict[str, Any], directory: Path) -> None:
        job = Job.of(suggestion.number, directory)
        job.give(mapping, directory, suggestion.until, self.limits)
        self.running[suggestion.number] = Running(suggestion.number, suggestion.values, job)
        self._waiting.append(suggestion.number)

    def wait(self, seconds: float) -> None:
        """Until the batch has ended, or so long. Launches the next one where none is under way."""
        if self._under_way is None:
            self._under_way = _Batch(self._launch, {number: self.running[number] for number in self._waiting})
            self._waiting = []
        self._under_way.over.wait(seconds)

    def ended(self) -> list[tuple[Running, dict[str, Any] | Failed]]:
        """Those that have ended since the last call, with what they returned or how they failed. Raises RunError where the launcher
        launches nothing, or a machine does not see the sweep's directory.
        """
        batch = self._under_way
        if batch is None:
            return []
        answers = {number: running.job.answer() for number, running in batch.left.items()}
        if all(answers.values()):  # nothing is left but the launcher's own end
            batch.over.wait()
        if batch.over.is_set():
            self._under_way = None
            answers = {number: answer or batch.returned(number) for number, answer in answers.items()}
            self._refuse_what_launches_nothing(batch, answers)
        told = [(number, answer) for number, answer in answers.items() if answer]
        return [(self._taken(number, answer, batch), opened(answer)) for number, answer in told]

    def _taken(self, number: int, answer: dict[str, Any], batch: _Batch) -> Running:
        if "blind" in answer:
            way_out = "put it on storage that all machines share, at the same path; sweep.resume goes on"
            raise RunError(Problem("hydra/launcher", answer["blind"], way_out, self.name))
        del batch.left[number]
        running = self.running.pop(number)
        running.began = time.time() - answer.get("seconds", 0.0)
        return running

    def _refuse_what_launches_nothing(self, batch: _Batch, answers: dict[int, dict[str, Any]]) -> None:
        if (
            batch.error
            and not any(running.job.has_begun for running in batch.left.values())
            and len(batch.left) == len(batch.jobs)
        ):
            way_out = "mend it; sweep.resume goes on"
            raise RunError(Problem("hydra/launcher", f"launches nothing ({batch.error})", way_out, self.name))

    def ask_to_stop(self, number: int, why: str) -> None:
        """It saves what it has and ends; one that waits for its turn ends as soon as it has it."""
        self.running[number].stopped = why
        self.running[number].job.ask_to_stop()

    def close(self) -> None:
        """Ends what still runs; what it had saved stays."""
        for running in self.running.values():
            running.job.ask_to_stop()
        if self._under_way is not None:
            self._under_way.over.wait(STOPPING)


class _Batch:
    """Jobs at work in a launcher, which blocks: in a thread, so that curves are read and trials can be pruned meanwhile."""

    def __init__(self, launch: Launch, jobs: dict[int, Running]):
        self.jobs, self.left, self.over, self.error = jobs, dict(jobs), threading.Event(), ""
        self._launch, self._returned = launch, {}
        threading.Thread(target=self._go, name="tfrun-launcher", daemon=True).start()

    def _go(self) -> None:
        try:
            self._returned = dict(zip(self.jobs, self._launch(list(self.jobs.values())), strict=True))
        except BaseException as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            self.error = (lines or [type(error).__name__])[0][:300]
        finally:
            self.over.set()

    def returned(self, number: int) -> dict[str, Any]:
        """What the launcher says of a job without an answer in its folder."""
        told = self._returned.get(number)
        if isinstance(told, dict):
            return told
        return {"failed": self.error or str(told or "its job has ended without a word"), "killed": True}
