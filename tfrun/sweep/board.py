"""A sweep on the screen: a live table on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.record.console import Console
from tfrun.sweep.space import as_override
from tfrun.sweep.store import Trial
from tfrun.sweep.trial import rows_of

if TYPE_CHECKING:
    from tfrun.sweep.study import Study

_ROWS = 10
_A_SECOND = 2  # looks at the measurements of what runs
_TAIL = 32_768  # bytes of them, from their end


class Board:
    """console: where to. `show` is called whenever a trial has changed."""

    study: Study

    def __init__(self, console: Console, directory: Path):
        self.console, self.directory = console, directory
        self._began = time.monotonic()
        self._live = None

    def __enter__(self) -> Board:
        self.console.line(f"sweep in {self.directory}")
        return self

    def __exit__(self, *_) -> None:
        if self._live:
            self._live.stop()

    def watch(self, study: Study) -> None:
        """The live table, where there is a terminal."""
        self.study = study
        self._live = self.console.live(self.table, _A_SECOND)

    def show(self, trial: Trial) -> None:
        if trial.state == "running":
            if trial.error:
                self.console.line(f"trial {trial.number:>3}  again    {trial.error}: it goes on from its checkpoint")
            return
        self.console.line(self.line(trial))

    def line(self, trial: Trial) -> str:
        values = _values(trial)
        if trial.state == "failed":
            return f"trial {trial.number:>3}  failed   {values}: {trial.error}"
        shown = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.study.names, trial.objectives or [], strict=False))
        best = self.study.best()
        mark = "  best so far" if best is trial else ""
        return f"trial {trial.number:>3}  {trial.state:<7}  {shown}  {trial.seconds:.1f} s  {values}{mark}"

    def table(self):
        """What runs, as a table for rich; its last lines are the best so far, and how far the sweep is."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("trial", "epoch", "", self.study.names[0], "s", "values"):
            table.add_column(name, justify="left" if name in ("trial", "values", "") else "right", no_wrap=True)
        for trial in list(self.study.trials.values()):
            if trial.state == "running":
                table.add_row(*self._running(trial))
        return Group(table, *(Text(line) for line in self.status()))

    def _running(self, trial: Trial) -> list[str]:
        rows, epochs = rows_of(Path(trial.directory), _TAIL), trial.until or self.study.epochs
        name, at = self.study.names[0], rows[-1]["epoch"] if rows else 0.0
        value = next((row["validation"][name] for row in reversed(rows) if name in row.get("validation", {})), None)
        spent = trial.seconds + time.time() - self.study.since(trial)
        bar = "━" * round(12 * min(1.0, at / epochs if epochs else 0.0))
        reached = "–" if value is None else f"{value:.4f}"
        return [str(trial.number), f"{at:.4g}/{epochs:g}", f"{bar:<12}", reached, f"{spent:.0f}", _values(trial)]

    def status(self) -> list[str]:
        """The best so far; how many trials are in which state, and how long the rest will take."""
        best, trials = self.study.best(), list(self.study.trials.values())
        lines = []
        if best:
            reached = ", ".join(f"{name} {value:.4g}" for name, value in zip(self.study.names, best.objectives, strict=True))
            lines.append(f"best so far: trial {best.number}, {reached}: {_values(best)}")
        left = self.left()
        time_left = "" if left is None else f", about {_duration(left)} left"
        lines.append(f"{_counts(trials)}{self._of()}, {_duration(time.monotonic() - self._began)}{time_left}")
        return lines

    def _of(self) -> str:
        most = self.study.most
        return f" of {most}" if most else ""

    def left(self) -> float | None:
        """Seconds until the end, if the rest take as long as the median of those that have ended; None: not known."""
        trials, most = list(self.study.trials.values()), self.study.most
        ended = [trial.seconds for trial in trials if trial.state in ("done", "pruned")]
        if not ended or not most:
            return None
        usual = statistics.median(ended)
        spent = [time.time() - self.study.since(trial) for trial in trials if trial.state == "running"]
        work = (most - len(trials)) * usual + sum(max(0.0, usual - one) for one in spent)
        return work / max(1, self.study.pool.size)

    def summary(self) -> None:
        """The best trials, once it is over."""
        study = self.study
        done = [trial for trial in study.trials.values() if trial.state == "done"]
        sign = 1 if study.lower[0] else -1
        rows = [
            [
                trial.number,
                *(f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}" for value in trial.objectives),
                f"{trial.seconds:.1f}",
                *map(_short, trial.values.values()),
            ]
            for trial in sorted(done, key=lambda trial: sign * trial.objectives[0])[:_ROWS]
        ]
        counts = _counts(list(study.trials.values()))
        keys = [dimension.key for dimension in study.variants.space.dimensions]
        self.console.line()
        if rows:
            self.console.table(
                f"{counts}, in {time.monotonic() - self._began:.1f} s", ["trial", *study.names, "s", *keys], rows
            )
        else:
            self.console.line(counts or "no trial was made")
        if len(study.names) > 1:
            self.console.line(f"Pareto set: trials {', '.join(str(trial.number) for trial in study.pareto())}")
        self.console.line(f"page    {self.directory / 'sweep.html'}")


def _counts(trials: list[Trial]) -> str:
    states = [trial.state for trial in trials]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no trial yet"


def _values(trial: Trial) -> str:
    return " ".join(as_override(key, _short(value)) for key, value in trial.values.items())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _short(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value
