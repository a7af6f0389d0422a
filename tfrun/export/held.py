"""Held-out rows, as what exported files are measured on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfrun.dataset import Split

_BATCH = 32
_SMALL, _BATCH_OF_SMALL = 1024, 512  # bytes of a row: up to there, as in tables, a call costs more than its rows


@dataclass(frozen=True)
class Held:
    """Held-out rows and what the trained model says of them: float32 [rows, outputs]. to_numeric: see export.Source.

    decision: from which probabilities on to say yes, see `evaluation.threshold.in_contract`; empty: it was not asked for.
    classes: the labels' names. output: what signatures call the answer. unit: see `task.Task`.
    """

    split: Split
    probabilities: np.ndarray
    metrics: dict[str, float]
    to_numeric: Callable[[dict], dict] | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    output: str = "probabilities"
    unit: float = 1.0

    def batches(self, signature: str) -> Iterator[dict[str, np.ndarray]]:
        """The rows as the signature takes them."""
        rows = self.split.inputs()
        first = next(rows)
        small = sum(np.asarray(value).nbytes for value in first.values()) <= _SMALL
        batches = same_size_batches(itertools.chain([first], rows), _BATCH_OF_SMALL if small else _BATCH)
        if signature != "numeric":
            return batches
        return ({name: np.asarray(value) for name, value in self.to_numeric(batch).items()} for batch in batches)


def same_size_batches(rows: Iterator[dict[str, np.ndarray]], limit: int = _BATCH) -> Iterator[dict[str, np.ndarray]]:
    """Neighbouring rows of one shape in batches [n, ...], in order."""
    batch: list[dict[str, np.ndarray]] = []
    for row in rows:
        if batch and (_shapes(row) != _shapes(batch[0]) or len(batch) == limit):
            yield _stacked(batch)
            batch = []
        batch.append(row)
    if batch:
        yield _stacked(batch)


def _shapes(row: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    return [np.shape(value) for value in row.values()]


def _stacked(rows: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Strings come out as bytes of one length: what a pipe can take."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
