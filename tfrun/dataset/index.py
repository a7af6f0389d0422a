"""An index: a CSV that names the files of a folder, with label, split, group and further columns."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset.labels import Labelling
from tfrun.dataset.table import Rows

KEY = "dataset.index"


def read_index(directory: Path, index: Path, group: str | None, labelling: Labelling) -> Rows:
    """index: UTF-8 CSV, relative to `directory`, as are the files that it names. ids are those names.

    Raises RunError that names the line or the column.
    """
    path = directory / index
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            records = [
                {key: value.strip() if isinstance(value, str) else value for key, value in row.items()} for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RunError(Problem(KEY, f"cannot be read ({error})", "save it as UTF-8 CSV", path)) from error
    _check_header(header, index, group)
    seen: dict[str, int] = {}
    for number, record in enumerate(records, start=2):
        if None in record or None in record.values():
            raise RunError(Problem(KEY, f"line {number} has not {len(header)} fields", "mend the line", path))
        if not record["file"] or not (record["label"] or labelling.task == "multilabel"):
            raise RunError(Problem(KEY, f"line {number} has no file or no label", "mend the line", path))
        if seen.setdefault(record["file"], number) != number:
            rule = f"lines {seen[record['file']]} and {number} name the same file, {record['file']}"
            raise RunError(Problem(KEY, rule, "remove one: it could land in train and in test", path))
        if not _is_file(directory / record["file"]):
            rule = f"line {number} names {record['file']}, which does not exist"
            raise RunError(Problem(KEY, rule, "mend the line", path))

    def column(name: str) -> np.ndarray:
        return np.array([record[name] for record in records], object)

    others = {name: column(name) for name in header if name not in ("file", "label", "split")}
    given = column("split") if "split" in header else None
    groups = column(group) if group else None
    return Rows(column("file"), column("label"), given, groups, others, labelling=labelling)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _check_header(header: list[str], index: Path, group: str | None) -> None:
    for name in ("file", "label"):
        if name not in header:
            rule = f"has no column '{name}' (it has {', '.join(header) or 'none'})"
            raise RunError(Problem(KEY, rule, "name it so", index))
    if group and group not in header:
        raise RunError(Problem("dataset.group", "is no column of the index", nearest(group, header), group))
