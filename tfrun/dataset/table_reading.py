"""Rows of all files of a table, streamed into typed columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrun.config.problems import Problem, RunError
from tfrun.dataset import Skipped
from tfrun.dataset.files import name_of
from tfrun.dataset.kinds import made
from tfrun.dataset.spill import Growing, Room
from tfrun.dataset.tabular import Batch, Plan, Tabular

_SHOWN = 10  # rows in one message


class Reading:
    """Rows of all files, streamed into columns; rows that cannot be used left out and counted, or told."""

    def __init__(self, dataset: Tabular, plan: Plan):
        room = Room(dataset.memory)
        self.dataset, self.plan = dataset, plan
        self.columns = {name: made(kind, room) for name, kind in plan.kinds.items()}
        self._lines, self._files = Growing(np.int64, room), []
        self._problems: list[Problem] = []
        self._left_out: dict[tuple[str, str], list[int]] = {}

    def read(self) -> Reading:
        """Itself, filled. Raises RunError."""
        for path in self.plan.files:
            kept = 0
            for batch in self.dataset._batches(path, self.plan.kinds, self._tell):
                sound = self._sound(batch)
                rows = batch.rows if sound.all() else batch.rows.filter(pa.array(sound))
                for name, column in self.columns.items():
                    column.add(rows.column(name))
                self._lines.add(batch.lines[sound])
                kept += rows.num_rows
            self._files.append((name_of(path), kept))
        if self._problems:
            more = len(self._problems) - _SHOWN
            rest = Problem(self.dataset.file, f"{more} more rows cannot be used", "dataset.on_corrupt=skip leaves them out")
            raise RunError(*self._problems[:_SHOWN], *([rest] if more > 0 else []))
        for column in self.columns.values():
            column.finish()
        self.lines = self._lines.whole()
        self.labels = self.columns[self.dataset.label].strings(np.arange(len(self.lines)))
        return self

    @property
    def ids(self) -> np.ndarray:
        """Lines, with the file before them where there are several."""
        if len(self._files) == 1:
            return np.asarray(self.lines)
        names = np.repeat(np.array([name for name, _ in self._files], object), [count for _, count in self._files])
        return names + np.array([f":{line}" for line in self.lines], object)

    @property
    def skipped(self) -> Iterator[Skipped]:
        for (path, reason), lines in self._left_out.items():
            where = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
            yield Skipped(path, f"{reason} (line{'s' if len(lines) > 1 else ''} {where})", len(lines))

    def _sound(self, batch: Batch) -> np.ndarray:
        """bool [rows]: which can be used."""
        sound = np.ones(batch.rows.num_rows, bool)

        def refuse(wrong: np.ndarray, reason: str, values: pa.Array | None = None) -> None:
            for row in np.flatnonzero(wrong & sound):
                value = "" if values is None else f" ({values[int(row)]})"
                self._tell(batch.path, int(batch.lines[row]), reason + (value if self.dataset.on_corrupt == "fail" else ""))
            sound[wrong] = False

        needed = (self.dataset.group,) if self.dataset.task == "multilabel" else (self.dataset.label, self.dataset.group)
        for key in filter(None, needed):
            values = pc.fill_null(pc.cast(batch.rows.column(key), pa.large_string()), "")
            refuse(
                pc.equal(pc.utf8_trim_whitespace(values), "").to_numpy(zero_copy_only=False), f"has no value in column '{key}'"
            )
        for name, kind in self.plan.kinds.items():
            values = batch.rows.column(name)
            if kind == "number" and name in self.plan.features and pa.types.is_floating(values.type):
                infinite = pc.fill_null(pc.is_inf(values), False).to_numpy(zero_copy_only=False)
                refuse(infinite, f"holds infinity in column '{name}'", values)
        return sound

    def _tell(self, path: str, line: int, reason: str) -> None:
        if self.dataset.on_corrupt == "skip":
            self._left_out.setdefault((path, reason), []).append(line)
        else:
            self._problems.append(Problem(path, f"line {line} {reason}", "mend it, or set dataset.on_corrupt=skip"))
