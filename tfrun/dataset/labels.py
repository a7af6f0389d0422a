"""Labels as the data have them, made into those of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfrun.config.problems import Problem, RunError, shorten
from tfrun.task import TaskName

_STRATA = 10  # parts of the range of numbers that have the same share in every split
_SHOWN = 10
_KEY = "dataset.label"


@dataclass(frozen=True)
class Labels:
    """values: as `task.Task` says of its labels. classes: names, in order; () of numbers. strata: int [rows], what a stratified
    split shares out evenly: the class, the rarest class of a row, or the tenth of the range that a number is in.
    """

    values: np.ndarray
    classes: tuple[str, ...]
    strata: np.ndarray


@dataclass(frozen=True)
class Labelling:
    """task: what labels are. separator: between the classes of a row, where these come as one string."""

    task: TaskName = "classification"
    separator: str = "|"

    def of(self, raw: np.ndarray, ids: np.ndarray, names: tuple[str, ...] = ()) -> Labels:
        """raw: strings or numbers [rows], or of several classes also tuples of names [rows] and 0 and 1 [rows, classes] with `names`.
        ids: names of the rows.

        Raises RunError that names the rows whose labels cannot be used.
        """
        made: Callable = {"classification": _classes, "multilabel": self._several, "regression": self._numbers}[self.task]
        return made(raw, ids, names)

    def _several(self, raw: np.ndarray, ids: np.ndarray, names: tuple[str, ...]) -> Labels:
        if raw.ndim == 2:
            values = raw.astype(np.uint8)
        else:
            of_row = [self._named(label) for label in raw.tolist()]
            names = tuple(sorted({name for row in of_row for name in row}))
            places = {name: at for at, name in enumerate(names)}
            values = np.zeros((len(of_row), len(names)), np.uint8)
            for row, own in enumerate(of_row):
                values[row, [places[name] for name in own]] = 1
        if len(names) < 2:
            rule = f"holds {len(names) or 'no'} class{'' if len(names) == 1 else 'es'}{f' only, {names[0]!r}' if names else ''}"
            raise RunError(Problem(_KEY, rule, f"name two or more, with '{self.separator}' between those of a row"))
        return Labels(values, names, _rarest(values))

    def _named(self, label: str | tuple[str, ...]) -> set[str]:
        """Names that came apart are left as they are, also where they hold the separator."""
        return set(label if isinstance(label, tuple) else filter(None, map(str.strip, str(label).split(self.separator))))

    def written(self, label: object) -> object:
        """Names that came apart as the string they are in other data, but where one holds the separator."""
        if not isinstance(label, tuple) or any(self.separator in name for name in label):
            return label
        return self.separator.join(label)

    def _numbers(self, raw: np.ndarray, ids: np.ndarray, _) -> Labels:
        if raw.dtype.kind in "fiub":
            values = raw.astype(np.float64)
        else:
            values = np.array([_number(text) for text in raw.tolist()], np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            way_out = "give every row a number, or leave task=classification"
            found = [Problem(str(ids[row]), "its label is no number", way_out, shorten(raw[row], 40)) for row in bad[:_SHOWN]]
            more = [Problem(_KEY, f"{len(bad) - _SHOWN} more rows have no number")] if len(bad) > _SHOWN else []
            raise RunError(*found, *more)
        if len(values) and (values == values[0]).all():
            rule = f"is {values[0]:g} in every row"
            raise RunError(Problem(_KEY, rule, "there is nothing to learn; name the column with the answer"))
        edges = np.unique(np.quantile(values, np.arange(1, _STRATA) / _STRATA))
        return Labels(values.astype(np.float32), (), np.searchsorted(edges, values))


def column(labels: list) -> np.ndarray:
    """object [rows], of strings or of tuples."""
    made = np.empty(len(labels), object)
    made[:] = labels
    return made


def _classes(raw: np.ndarray, _, names) -> Labels:
    known, values = np.unique(raw, return_inverse=True)
    return Labels(values.astype(np.int32), tuple(map(str, known)), values)


def _rarest(values: np.ndarray) -> np.ndarray:
    """uint8 [rows, classes] to int [rows]: the class of each row that fewest rows have; the number of classes for none."""
    counts = values.sum(axis=0, dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    ranked = values[:, order]
    return np.where(ranked.any(axis=1), order[ranked.argmax(axis=1)], values.shape[1])


def _number(text: object) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")
