"""Rows of a data set as a frozen backbone sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tfrun.evaluation.shift import pooled

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.model import Model

SPLITS = ("train", "validation")  # never the test rows: they measure what becomes of the advice


@dataclass(frozen=True)
class Embedded:
    """features: float32 [n, d]. labels: as `task.Task` says. splits, texts, ids: strings [n]: where a row is from, what its label
    says, what it is called.

    name: of the data set. pictures: uint8 [height, width, channels] each; None: they are none. computed: rows that were not in
    the feature store.
    """

    name: str
    features: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    texts: np.ndarray
    ids: np.ndarray
    pictures: list[np.ndarray] | None = None
    computed: int = 0

    def __len__(self) -> int:
        return len(self.features)

    def first(self, count: int) -> Embedded:
        """At most `count` rows, evenly spread."""
        if len(self) <= count:
            return self
        some = np.linspace(0, len(self) - 1, count).round().astype(int)
        parts = {key: getattr(self, key)[some] for key in ("features", "labels", "splits", "texts", "ids")}
        return replace(self, **parts, pictures=None if self.pictures is None else [self.pictures[row] for row in some])


def embedded(name: str, model: Model, data: Data, most: int) -> Embedded:
    """most: rows of each split; of more, as many are taken, spread over the classes. Through the feature store."""
    data = data.limited(most)
    found = {split: model.features(data.splits[split]) for split in SPLITS if split in data.splits}
    labels = np.concatenate([data.splits[split].labels for split in found])
    return Embedded(
        name,
        np.concatenate([pooled(features.array()) for features in found.values()]),
        labels,
        np.concatenate([np.full(len(features), split) for split, features in found.items()]),
        _texts(labels, data.classes),
        np.concatenate([data.splits[split].ids.astype(str) for split in found]),
        list(_pictures(data)) if data.kind == "image" else None,
        sum(features.extracted for features in found.values()),
    )


def _texts(labels: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    if labels.ndim == 2:
        return np.array([", ".join(np.array(classes, object)[row == 1]) or "none" for row in labels])
    return np.array(classes)[labels] if classes else np.array([f"{number:.6g}" for number in labels])


def _pictures(data: Data) -> Iterator[np.ndarray]:
    for split in SPLITS:
        if split in data.splits:
            for row in data.splits[split].inputs():
                yield small(row[data.inputs[0].name])


def small(pixels: np.ndarray, side: int = 48) -> np.ndarray:
    """Every so many pixels, so that thousands of pictures fit into memory."""
    step = max(1, max(pixels.shape[:2]) // side)
    return np.ascontiguousarray(pixels[::step, ::step])
