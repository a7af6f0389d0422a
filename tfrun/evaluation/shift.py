"""Do held-out rows look like training rows to the backbone? A shift that no single column shows is seen here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tfrun.checks import Checks
from tfrun.checks.anomaly import Anomaly
from tfrun.checks.two_sample import anomaly

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.model import Model

_ROWS = 500


def shift(model: Model, data: Data, features: Mapping[str, np.ndarray], checks: Checks) -> Iterator[Anomaly]:
    """features: float32 [n, ...] by held-out split, of `spread(rows)` of its rows. Gives warnings.

    Not for tables and without a backbone, where the columns tell as much; not for a backbone that was trained, whose features of
    training rows are others because it has seen them.
    """
    if not model.facts.parameters or data.kind == "table" or model.lazy.is_changed:
        return
    train = data.splits["train"]
    seen = pooled(model.features(train.take(spread(len(train)))).array())
    for name, found in features.items():
        if name != "train":
            moved = anomaly("features of the backbone", name, pooled(found), seen, checks.drift_embeddings)
            if moved:
                yield replace(moved, severity="warning")


def spread(rows: int) -> np.ndarray:
    """Positions of at most 500 rows, evenly spaced: two samples of that size tell as much as there is to tell."""
    return np.linspace(0, rows - 1, min(_ROWS, rows)).round().astype(int)


def pooled(features: np.ndarray) -> np.ndarray:
    """float32 [rows, size]: the mean over the places of a map."""
    return features if features.ndim == 2 else features.reshape(len(features), -1, features.shape[-1]).mean(axis=1)
