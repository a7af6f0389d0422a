"""Is one run better than another for certain? By their answers to the same test rows, of all rows and of slices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.evaluation.groups import Sums, grouped
from tfrun.evaluation.interval import count, percentiles, resampled
from tfrun.evaluation.standard import OF_TASK
from tfrun.provenance.files import Answers, answers

_RESAMPLES = 1000
_FEWEST = 20  # rows of a slice: what so few did not show is in none of the resamples


@dataclass(frozen=True)
class Difference:
    """The other's metric minus the first one's, with its 95 % interval. certain: that leaves 0 out."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:+.4f} ({self.low:+.3f} … {self.high:+.3f}){' certain' if self.certain else ''}"

    def plain(self) -> dict[str, float | bool]:
        return {"value": self.value, "low": self.low, "high": self.high, "certain": self.certain}


def differences(directories: list[Path], metric: str) -> dict[str, list[Difference | None]]:
    """By row of a table, one of each run but the first, against the first; {} where they did not keep answers to the same test rows.

    Of all rows, then by slice and value. Paired: both are asked about the same rows, drawn anew 1,000 times, so that what makes rows easy
    or hard cancels out. Slices of fewer than 20 rows are left out.
    """
    try:
        kept = [answers(directory) for directory in directories]
    except (OSError, ValueError) as error:
        raise RunError(Problem("provenance", f"cannot be read ({error})", "is the run directory whole?")) from error
    first = kept[0]
    if metric not in OF_TASK[grouped(kept[0].labels, kept[0].probabilities).task] or any(
        one is None or not one.same_rows(first) for one in kept
    ):
        return {}
    found: dict[str, list[Difference | None]] = {}
    for name, codes, values in _groups(first):
        rows = np.bincount(codes[codes >= 0], minlength=len(values))
        each = [_of(first, other, metric, codes, len(values)) for other in kept[1:]]
        for at, value in enumerate(values):
            if rows[at] >= _FEWEST:
                found[f"{name} {value}".strip()] = [one[at] for one in each]
    return found


def _groups(first: Answers):
    """(name, int [rows], values)."""
    yield "all rows", np.zeros(len(first.labels), np.intp), [""]
    for name, texts in first.slices.items():
        values, codes = np.unique(texts, return_inverse=True)
        yield name, codes, values.tolist()


def _of(first: Answers, other: Answers, metric: str, codes: np.ndarray, groups: int) -> list[Difference | None]:
    known = OF_TASK[grouped(first.labels, first.probabilities).task][metric]
    measure = {metric: known}
    resamples = count(len(first.labels), _RESAMPLES)
    drawn, whole = [], []
    for one in (first, other):
        rows = grouped(first.labels, one.probabilities, codes, groups)
        drawn.append(resampled(rows, measure, resamples)[metric])  # the same seed: the same rows
        whole.append(known(Sums(rows)))
    value, interval = whole[1] - whole[0], percentiles(drawn[1] - drawn[0])
    return [
        None if np.isnan([value[at], *interval[at]]).any() else Difference(float(value[at]), *map(float, interval[at]))
        for at in range(groups)
    ]
