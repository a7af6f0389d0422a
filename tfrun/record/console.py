"""The screen: one moving line a stage on a terminal, plain lines where the output is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from tfrun.provenance.secrets import masked

_PLAIN_LINES = 10  # progress lines a stage where the output is no terminal


class Progress:
    """How far a stage is."""

    def __init__(self, total: int):
        self.total, self.done = total, 0

    def reach(self, done: int, note: str = "") -> None:
        self.done = done


class Console:
    """Writes to standard output through rich. quiet: nothing at all (for tests and notebooks)."""

    def __init__(self, quiet: bool = False):
        from rich.console import Console as Rich

        width = None if sys.stdout.isatty() else 120
        self._rich = Rich(file=sys.stdout, quiet=quiet, highlight=False, soft_wrap=True, width=width)

    def line(self, text: str = "") -> None:
        self._rich.print(masked(text), markup=False)

    def warning(self, text: str) -> None:
        self._rich.print(f"warning: {masked(text)}", style="yellow", markup=False)

    def table(self, title: str, columns: list[str], rows: list[list[Any]]) -> None:
        from rich.box import SIMPLE
        from rich.table import Table

        table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE, pad_edge=False)
        for number, column in enumerate(columns):
            table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*map(str, row))
        self._rich.print(table)

    def live(self, render: Callable[[], Any], a_second: float):
        """What `render` gives, drawn again so often below the lines, until `.stop()`; None where there is no terminal."""
        if not self._rich.is_terminal or self._rich.quiet:
            return None
        from rich.live import Live

        live = Live(get_renderable=render, console=self._rich, refresh_per_second=a_second, transient=True)
        live.start()
        return live

    @contextmanager
    def waiting(self, name: str):
        if self._rich.is_terminal and not self._rich.quiet:
            with self._rich.status(f"{name} …"):
                yield
        else:
            yield

    @contextmanager
    def progress(self, title: str, total: int, unit: str):
        if self._rich.is_terminal and not self._rich.quiet:
            with _bar(self._rich, title, total, unit) as progress:
                yield progress
        else:
            yield _Plain(self, title, total, unit)


class _Plain(Progress):
    def __init__(self, console: Console, title: str, total: int, unit: str):
        super().__init__(total)
        self._console, self._title, self._unit = console, title, unit
        self._began, self._shown = time.monotonic(), 0

    def reach(self, done: int, note: str = "") -> None:
        super().reach(done)
        if done * _PLAIN_LINES // max(self.total, 1) > self._shown:
            self._shown = done * _PLAIN_LINES // max(self.total, 1)
            rate = done / max(time.monotonic() - self._began, 1e-9)
            left = (self.total - done) / max(rate, 1e-9)
            self._console.line(f"  {self._title}: {done}/{self.total} {self._unit}, {rate:.1f}/s, {left:.0f} s left  {note}")


@contextmanager
def _bar(rich, title: str, total: int, unit: str):
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Bar(*columns, console=rich, transient=True) as bar:
        task = bar.add_task(title, total=total, note="", rate="")

        class Moving(Progress):
            def reach(self, done: int, note: str = "") -> None:
                super().reach(done)
                speed = bar.tasks[0].speed
                bar.update(task, completed=done, note=note, rate=f"{speed:.0f}/s" if speed else "")

        yield Moving(total)
