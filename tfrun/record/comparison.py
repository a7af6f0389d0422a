"""Finished runs beside each other: metrics, exported files, slices, and only what differs in their configs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrun.component import as_typed, plain
from tfrun.config.load import load_file
from tfrun.config.problems import Problem, RunError
from tfrun.export import name_of
from tfrun.record.result import read
from tfrun.record.significance import Difference, differences
from tfrun.sweep.summary import is_sweep
from tfrun.sweep.summary import read as read_sweep
from tfrun.tracking.sync import flattened

_SHARES = frozenset({"accuracy", "top_3_accuracy"})  # metrics that are a share of the rows
_Z = 1.959964  # of the normal distribution: 95 % are within
_MISSING = object()
_TESTED = 5  # runs at most that are tested against the first; of more, some are better by chance


@dataclass(frozen=True)
class Figure:
    """A number with its 95 % interval, where there is one."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.4f}" + ("" if self.low is None else f" ({self.low:.3f} … {self.high:.3f})")

    def plain(self) -> dict[str, float]:
        return {"value": self.value} | ({} if self.low is None else {"low": self.low, "high": self.high})


@dataclass(frozen=True)
class Run:
    """One that is done. split: the one its metrics are shown of."""

    directory: Path
    result: dict[str, Any]
    config: dict[str, Any]
    split: str = ""

    @property
    def splits(self) -> set[str]:
        return {name for name, metrics in self.result["metrics"].items() if metrics}

    def figure(self, name: str, value: float | None, rows: int | None, interval: list[float] | None = None) -> Figure | None:
        """interval: the run's own, by a bootstrap."""
        if value is None:
            return None
        if interval:
            return Figure(value, *interval)
        return Figure(value, *wilson(value, rows)) if name in _SHARES and rows else Figure(value)

    @property
    def metrics(self) -> dict[str, Figure | None]:
        rows = self.result["data"].get("rows", {}).get(self.split)
        own = self.result.get("intervals", {}).get(self.split, {})
        metrics = self.result["metrics"].get(self.split, {})
        return {name: self.figure(name, value, rows, own.get(name)) for name, value in metrics.items()}

    @property
    def slices(self) -> dict[tuple[str, str], Figure | None]:
        """The primary metric by (column, value)."""
        primary = self.config["evaluation.primary"]
        return {
            (column, value): self.figure(
                primary, figures.get(primary), figures["rows"], figures.get("intervals", {}).get(primary)
            )
            for column, values in self.result["slices"].get(self.split, {}).items()
            for value, figures in values.items()
        }

    @property
    def artifacts(self) -> dict[str, dict[str, Any]]:
        return {name_of(one["target"], one["variant"]): one for one in self.result["artifacts"]}


def wilson(share: float, rows: int) -> tuple[float, float]:
    """95 % score interval of a share of independent rows. Wilson, Probable Inference (1927)."""
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * math.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def gather(directories: list[Path]) -> list[Run]:
    """The runs in the directories; of a sweep, its trials that are done. Raises RunError with all that are none."""
    runs, problems = [], []
    for directory in directories:
        try:
            runs += _of(directory)
        except RunError as error:
            problems += error.problems
    if problems:
        raise RunError(*problems)
    if len(runs) < 2:
        raise RunError(Problem("compare", f"needs at least two runs, and here are {len(runs)}", "name more, or a sweep"))
    shared = set.intersection(*(run.splits for run in runs))
    common = next((split for split in ("test", "validation") if split in shared), None)
    return [
        Run(
            run.directory, run.result, run.config, common or next(s for s in ("test", "validation", "train") if s in run.splits)
        )
        for run in runs
    ]


def _of(directory: Path) -> list[Run]:
    if is_sweep(directory):
        done = [directory / trial["directory"] for trial in read_sweep(directory)["trials"] if trial["state"] == "done"]
        return [run for place in done for run in _of(place)]
    if not (directory / "config.yaml").is_file():
        rule = "is no directory of a run or a sweep: it holds neither config.yaml nor sweep.json"
        raise RunError(Problem(str(directory), rule, "name runs/<experiment>/<date_time>"))
    result = read(directory)
    if result["status"] != "done" or not any(result["metrics"].values()):
        rule = f"has nothing to compare (status {result['status']})"
        raise RunError(Problem(str(directory), rule, f"`python -m tfrun resume {directory}` goes on with it"))
    return [Run(directory, result, flattened(plain(load_file(directory / "config.yaml"))))]


@dataclass(frozen=True)
class Table:
    """cells: of each row, one a run; None where a run has none."""

    title: str
    rows: list[str]
    cells: list[list[Any]]


@dataclass(frozen=True)
class Comparison:
    """names: of the runs, as short as they can be told apart. notes: what has to be known to read the figures."""

    names: list[str]
    runs: list[Run]
    tables: list[Table]
    notes: list[str]

    def plain(self) -> dict[str, Any]:
        """For programs: figures as numbers, by run."""
        content = [
            {
                "name": name, "directory": str(run.directory), "seed": run.result["seed"], "split": run.split,
                "metrics": {key: figure and figure.plain() for key, figure in run.metrics.items()},
                "artifacts": list(run.artifacts.values()),
            }
            for name, run in zip(self.names, self.runs, strict=True)
        ]  # fmt: skip
        by_title = {table.title: {row: [_plain(c) for c in cells] for row, cells in zip(table.rows, table.cells, strict=True)}
                    for table in self.tables[1:]}  # fmt: skip
        return {"runs": content, "tables": by_title, "notes": self.notes}


def compared(runs: list[Run]) -> Comparison:
    splits = list(dict.fromkeys(run.split for run in runs))
    metrics = _table(f"Metrics on the {' or '.join(splits)} split", [run.metrics for run in runs])
    if len(splits) > 1:
        metrics = Table(metrics.title, ["split", *metrics.rows], [[run.split for run in runs], *metrics.cells])
    tables = [metrics, *_significance(runs), _exports(runs), *_slices(runs), _differences(runs)]
    return Comparison(_names(runs), runs, [table for table in tables if table.rows], _notes(runs))


def _table(title: str, columns: list[dict[str, Any]]) -> Table:
    """columns: {row: cell} of each run."""
    rows = list(dict.fromkeys(row for column in columns for row in column))
    return Table(title, rows, [[column.get(row) for column in columns] for row in rows])


def _significance(runs: list[Run]) -> Iterator[Table]:
    """How far each run's primary metric is from the first one's, on the same test rows: of runs, not of the trials of a sweep."""
    primary, keys = runs[0].config["evaluation.primary"], ("fingerprint", "classes")
    data = [[run.result["data"].get(key) for key in keys] for run in runs]
    if (
        len(runs) <= _TESTED
        and all(run.split == "test" and run.config["evaluation.primary"] == primary for run in runs)
        and data == data[:1] * len(runs)
    ):
        found = differences([run.directory for run in runs], primary)
        cells = [[None, *row] for row in found.values()]
        yield Table(f"{primary} minus the first run's, on the same test rows", list(found), cells)


def _exports(runs: list[Run]) -> Table:
    """Of each file: size, what it retains, its speed."""
    columns: list[dict[str, Any]] = []
    for run in runs:
        column: dict[str, Any] = {}
        for name, one in run.artifacts.items():
            kept, interval = one["retention"], one["retention_interval"] or (None, None)
            column[f"{name} MB"] = round(one["bytes"] / 1e6, 3)
            column[f"{name} retention"] = None if kept is None else Figure(kept, *interval)
            column[f"{name} p50 ms"] = one["latency_ms"]["p50"]
            column[f"{name} passed"] = "yes" if one["passed"] else "no"
        columns.append(column)
    return _table("Exported files", columns)


def _slices(runs: list[Run]) -> list[Table]:
    """Those that all runs have, a table a column of the data."""
    shared = set.intersection(*(set(run.slices) for run in runs))
    primary = runs[0].config["evaluation.primary"]
    found = []
    for column in dict.fromkeys(column for column, _ in runs[0].slices):
        values = [value for name, value in runs[0].slices if name == column and (name, value) in shared]
        cells = [[run.slices[column, value] for run in runs] for value in values]
        found.append(Table(f"{primary} by {column}", values, cells))
    return found


def _differences(runs: list[Run]) -> Table:
    """Keys of the configs that are not the same everywhere."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    values = {key: [run.config.get(key, _MISSING) for run in runs] for key in keys}
    differing = {key: found for key, found in values.items() if any(value != found[0] for value in found[1:])}
    return Table(
        "What differs in the configs",
        list(differing),
        [[None if v is _MISSING else as_typed(v) for v in c] for c in differing.values()],
    )


def _plain(cell: Any) -> Any:
    return cell.plain() if isinstance(cell, Figure | Difference) else cell


def _names(runs: list[Run]) -> list[str]:
    for count in range(1, 20):
        names = ["/".join(run.directory.resolve().parts[-count:]) for run in runs]
        if len(set(names)) == len(names):
            return names
    return [f"{number} {run.directory}" for number, run in enumerate(runs, start=1)]  # one was named twice


def _notes(runs: list[Run]) -> list[str]:
    notes = []
    if len({run.result["data"].get("fingerprint") for run in runs}) > 1:
        notes.append("These runs read different data (their fingerprints differ): their figures are not of the same rows.")
    elif len({str({k: v for k, v in run.config.items() if k.startswith("dataset.split")}) for run in runs}) > 1:
        notes.append("These runs split the data in different ways: their figures are not of the same rows.")
    if len({run.split for run in runs}) > 1:
        notes.append("No split was measured by all: figures of different splits stand beside each other.")
    elif runs[0].split == "validation":
        notes.append("Validation rows: the best of many trials looks better on them than it is; the test split is for that.")
    if len({"test" in run.splits for run in runs if run.artifacts}) > 1:
        notes.append("Exported files of trials were measured on validation rows, those of finished runs on test rows.")
    if any(name in _SHARES for run in runs for name in run.metrics):
        notes.append(
            "In brackets: 95 % intervals, by the bootstrap, where a run has none by Wilson's score. Runs on the same rows can differ for certain "
            "though their intervals overlap: that is what the differences tell."
        )
    return notes
