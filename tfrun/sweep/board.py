"""A sweep on the screen: a live table on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.record.console import Console
from tfrun.sweep.space import as_override
from tfrun.sweep.store import Trial

if TYPE_CHECKING:
    from tfrun.sweep.study import Study

_ROWS = 10


class Board:
    """console: where to. `show` is called whenever a trial has changed."""

    study: Study

    def __init__(self, console: Console, directory: Path):
        self.console, self.directory = console, directory
        self._began = time.monotonic()

    def __enter__(self) -> Board:
        self.console.line(f"sweep in {self.directory}")
        return self

    def __exit__(self, *_) -> None:
        pass

    def show(self, trial: Trial) -> None:
        if trial.state == "running":
            if trial.error:
                self.console.line(f"trial {trial.number:>3}  again    {trial.error}: it goes on from its checkpoint")
            return
        self.console.line(self.line(trial))

    def line(self, trial: Trial) -> str:
        values = " ".join(as_override(key, _short(value)) for key, value in trial.values.items())
        if trial.state == "failed":
            return f"trial {trial.number:>3}  failed   {values}: {trial.error}"
        shown = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.study.names, trial.objectives or [], strict=False))
        best = self.study.best()
        mark = "  best so far" if best is trial else ""
        return f"trial {trial.number:>3}  {trial.state:<7}  {shown}  {trial.seconds:.1f} s  {values}{mark}"

    def summary(self) -> None:
        """The best trials, once it is over."""
        study = self.study
        done = [trial for trial in study.trials.values() if trial.state == "done"]
        sign = 1 if study.lower[0] else -1
        rows = [
            [
                trial.number,
                *(f"{value:.4f}" for value in trial.objectives),
                f"{trial.seconds:.1f}",
                *map(_short, trial.values.values()),
            ]
            for trial in sorted(done, key=lambda trial: sign * trial.objectives[0])[:_ROWS]
        ]
        states = [trial.state for trial in study.trials.values()]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        keys = [dimension.key for dimension in study.variants.space.dimensions]
        self.console.line()
        if rows:
            self.console.table(
                f"{counts}, in {time.monotonic() - self._began:.1f} s", ["trial", *study.names, "s", *keys], rows
            )
        else:
            self.console.line(counts or "no trial was made")


def _short(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value
