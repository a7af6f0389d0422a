"""Training rows that ranges of integers are fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.export import Source
from tfrun.export.runtime import wire


def write(source: Source, count: int, path: Path) -> Path:
    """`count` rows of the training split as they are, unaugmented, spread over the labels: a frame of one row each, as
    `source.signature` takes it."""
    train = source.data.splits["train"]
    order = np.random.default_rng(source.seed).permutation(len(train))
    by_label = order[train.take(order).by_label]
    picked = by_label[np.linspace(0, len(by_label) - 1, min(count, len(by_label))).round().astype(int)]
    return write_rows((_row(raw, source) for raw in train.take(picked).inputs()), path)


def _row(raw: dict[str, Any], source: Source) -> dict[str, np.ndarray]:
    one = {name: np.asarray(value)[None] for name, value in raw.items()}
    row = one if source.to_numeric is None else source.to_numeric(one)
    return {name: np.asarray(value) for name, value in row.items()}


def write_rows(rows: Iterable[dict[str, np.ndarray]], path: Path) -> Path:
    """A frame of each."""
    with path.open("wb") as stream:
        for row in rows:
            wire.send(stream, row)
    return path


def read(path: str | Path) -> Iterator[dict[str, np.ndarray]]:
    """The rows that were written, a batch of one each. Raises ValueError where there are none."""
    if not Path(path).stat().st_size:
        raise ValueError("there are no representative rows: the training split is empty")
    with open(path, "rb") as stream:
        while (row := wire.receive(stream)) is not None:
            yield row
