"""What all tables have in common: which columns are what, and from streamed rows to typed columns and splits."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, InputSpec
from tfrun.dataset.files import named
from tfrun.dataset.names import input_names
from tfrun.dataset.table import Rows, split_rows
from tfrun.task import TASKS

if TYPE_CHECKING:
    import pyarrow as pa

ColumnKind = Literal["number", "category", "text", "time"]
_SHOWN = 10  # columns or problems in one message


@dataclass(frozen=True)
class Header:
    """kinds: of each column, in order; None: of no use. odd: (line, column, value) of values that mix kinds."""

    kinds: dict[str, str | None]
    odd: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True)
class Batch:
    """Rows of a file. lines: int64 [n], where they stand in it."""

    path: str
    rows: pa.RecordBatch
    lines: np.ndarray


@dataclass(frozen=True)
class Plan:
    """files: in order. kinds: of all columns that are kept. features: what the model is given, in the table's order."""

    files: list[str]
    kinds: dict[str, str]
    features: list[str]


class Tabular(Dataset):
    """Settings of every table. Subclasses say how files are opened: `_header(path)` and `_batches(path, kinds, tell)`."""

    tasks: ClassVar = tuple(TASKS)
    file: str = setting(help="the file, several as a glob (data/*.csv), or a gs:// or s3:// address")
    label: str = setting(
        "label", "column with the answer: words, whole numbers or true and false; with task=regression numbers"
    )
    features: list[str] | None = setting(
        None, "columns that the model is given; null: all but label, split, group, id, ignored ones and those that split by"
    )
    ignore: list[str] = setting(list, "columns that are no features; checks and slices still see them")
    types: dict[str, ColumnKind] = setting(dict, "what columns are, where that is not what is inferred")
    id: str | None = setting(None, "column that names the rows; null: their lines")
    group: str | None = setting(None, "column that must not straddle splits (a patient, a device)")
    split_column: str = setting("split", "column that gives rows their split, where there is one of this name and no feature")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a row that cannot be used")
    memory: float = setting(
        0.25, "share of the free memory that the table may take; what goes beyond is mapped from a temporary file", unit="share",
        ge=0, le=1,
    )  # fmt: skip

    def _header(self, path: str) -> Header:
        """Raises RunError where the file cannot be read or has no columns."""
        raise NotImplementedError

    def _batches(self, path: str, kinds: dict[str, str], tell) -> Iterator[Batch]:
        """Rows with the columns of `kinds`. tell: given (path, line, reason) of each row that is left out."""
        raise NotImplementedError

    @functools.cached_property
    def _asked_before(self) -> Plan | RunError:
        """For what is told before the run, however often it is asked; `open` looks anew. A bucket is asked once, also in vain."""
        try:
            return self._plan()
        except RunError as error:
            return error

    @property
    def _plan_before(self) -> Plan:
        if isinstance(self._asked_before, RunError):
            raise self._asked_before
        return self._asked_before

    def problems(self) -> list[Problem]:
        return self._asked_before.problems if isinstance(self._asked_before, RunError) else []

    def slice_columns(self) -> list[str]:
        return list(self._plan_before.kinds)

    def row_kind(self) -> str | None:
        if self.problems():
            return None
        plan = self._plan_before
        return "text" if [plan.kinds[name] for name in plan.features] == ["text"] else "table"

    def says(self) -> str:
        """What is read of the table, in one line: the kinds of its features."""
        plan = self._plan_before
        parts = []
        for kind in ("number", "category", "time", "text"):
            names = [name for name in plan.features if plan.kinds[name] == kind]
            parts += [f"{kind}: {', '.join(names)}"] if names else []
        return "; ".join(parts)

    def open(self) -> Data:
        from tfrun.dataset.columns import View, digests, reader
        from tfrun.dataset.table_reading import Reading

        plan = self._plan()
        table = Reading(self, plan).read()
        columns, count = table.columns, len(table.lines)
        names = input_names(plan.features)
        every = np.arange(count)
        _refuse_unusable(plan, columns, table.labels, self)
        inputs = tuple(
            InputSpec(
                names[name], columns[name].dtype, (), plan.kinds[name], column=name if names[name] != name else ""
            )
            for name in plan.features
        )  # fmt: skip
        given = columns[self.split_column].strings(every) if _gives_splits(self, plan) else None
        rows = Rows(
            columns[self.id].strings(every) if self.id else table.ids,
            table.labels,
            given,
            columns[self.group].strings(every) if self.group else None,
            View(columns, every, lambda column, at: column.strings(at)),
            View({name: columns[name] for name in columns if name != self.label}, every, lambda column, at: column.facts(at)),
            self.labelling,
        )
        own = {names[name]: columns[name] for name in plan.features}
        data = split_rows(
            rows, self.split, reader(own), inputs, digests(own, every), self.file, self.licence, tuple(table.skipped),
            reads_batches=True,
        )  # fmt: skip
        return replace(data, label=self.label)

    def _plan(self) -> Plan:
        files = named(self.file)
        header = self._header(files[0])
        for other in files[1:]:
            if list(self._header(other).kinds) != list(header.kinds):
                rule = f"has other columns than {files[0]}"
                raise RunError(Problem(other, rule, "give all files the same header"))
        kinds = {**header.kinds, **{name: kind for name, kind in self.types.items() if name in header.kinds}}
        problems = [*self._wrong_names(list(kinds)), *self._mixed(header, kinds, files[0])]
        if problems:
            raise RunError(*problems)
        for name in (self.label, self.group, self.id, self.split_column if self.split_column in kinds else None):
            if name is not None and name not in (self.features or ()):
                kinds[name] = "category"
        features = self._features(kinds)
        nested = [name for name in features if kinds[name] is None]
        if nested:
            rule = "holds lists, structures or bytes, which no transform takes"
            raise RunError(*(Problem(files[0], f"column '{name}' {rule}", f"set dataset.ignore=[{name}]") for name in nested))
        return Plan(files, {name: kind for name, kind in kinds.items() if kind is not None}, features)

    def _features(self, kinds: dict[str, str | None]) -> list[str]:
        if self.features is not None:
            return [name for name in kinds if name in self.features]
        others = {self.label, self.group, self.id, self.split_column, *self.ignore, *self.split.columns()}
        features = [name for name in kinds if name not in others]
        if not features:
            raise RunError(Problem("dataset.features", "no column is left to learn from", "ignore fewer", self.file))
        return features

    def _wrong_names(self, columns: list[str]) -> Iterator[Problem]:
        asked = [("label", [self.label]), ("features", self.features or []), ("ignore", self.ignore), ("types", [*self.types])]
        asked += [(key, [getattr(self, key)]) for key in ("id", "group") if getattr(self, key)]
        asked += [("split.time", [self.split.time])] if self.split.time else []
        asked += [(f"split.values.{part}", [*wanted]) for part, wanted in self.split.values.items()]
        has = ", ".join(columns[:_SHOWN]) + (", …" if len(columns) > _SHOWN else "")
        for key, names in asked:
            for name in names:
                if name not in columns:
                    yield Problem(f"dataset.{key}", f"is no column of {self.file} (it has {has})", nearest(name, columns), name)
        if self.features == []:
            yield Problem("dataset.features", "names no column", "name some, or leave it null", "[]")
        if self.features and self.label in self.features:
            yield Problem("dataset.features", "holds the label, which would answer itself", "take it out", self.label)

    def _mixed(self, header: Header, kinds: dict[str, str | None], path: str) -> Iterator[Problem]:
        features = set(self.features or kinds) - {self.label, self.group, self.id, self.split_column, *self.ignore, *self.types}
        for line, name, value in header.odd:
            if name in features:
                rule = f"line {line} holds '{value}' in column '{name}', where most are numbers"
                yield Problem(path, rule, self._way_out_of_mixed(name))

    def _way_out_of_mixed(self, name: str) -> str:
        return f"set dataset.types.{name} to category, or to number and mend it"


def _gives_splits(dataset: Tabular, plan: Plan) -> bool:
    return dataset.split_column in plan.kinds and dataset.split_column not in plan.features


def _refuse_unusable(plan: Plan, columns, labels: np.ndarray, dataset: Tabular) -> None:
    """Raises RunError where there is nothing to learn, or nothing to learn from."""
    if not len(labels):
        rule = "holds no row that can be used" if plan.files else "holds no row"
        raise RunError(Problem(dataset.file, rule, "a header alone is not enough"))
    classes = sorted(set(labels))
    if dataset.task == "classification" and len(classes) == 1:
        raise RunError(
            Problem("dataset.label", f"holds one class only, '{classes[0]}'", "a classifier needs two", dataset.label)
        )
    if dataset.task == "classification" and len(classes) > max(2, len(labels) // 2):
        rule = f"holds {len(classes):,} classes in {len(labels):,} rows"
        raise RunError(
            Problem(
                "dataset.label", rule, "name the column with the answer; numbers take dataset.task=regression", dataset.label
            )
        )
    empty = [name for name in plan.features if not columns[name].has_values()]
    if empty:
        raise RunError(
            *(Problem(dataset.file, f"column '{name}' has no value at all", f"set dataset.ignore=[{name}]") for name in empty)
        )
