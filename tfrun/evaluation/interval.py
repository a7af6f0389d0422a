"""Confidence intervals by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_LEVEL = 0.95
_RESAMPLES, _FEWEST = 1000, 200
_ROWS = 2_000_000  # drawn in all: of very many rows fewer resamples do, as each of them varies less


def paired_ratio(
    measure: Callable[[np.ndarray, np.ndarray], float], labels: np.ndarray, ours: np.ndarray, base: np.ndarray, seed: int = 0
) -> list[float] | None:
    """95 % percentile interval of measure(ours) / measure(base), [low, high], over resamples of the rows that both share.

    measure: (labels, probabilities) -> metric. ours, base: float [rows, classes]. None where the ratio is not defined.
    Paired, so that what makes a sample of rows easy or hard cancels out. Efron and Tibshirani, An Introduction to the
    Bootstrap (1993), chapter 13.
    """
    rows, generator = len(labels), np.random.default_rng(seed)
    ratios = []
    for _ in range(int(np.clip(_ROWS // rows, _FEWEST, _RESAMPLES))):
        drawn = generator.integers(0, rows, rows)
        below = measure(labels[drawn], base[drawn])
        if below:
            ratios.append(measure(labels[drawn], ours[drawn]) / below)
    ratios = [ratio for ratio in ratios if np.isfinite(ratio)]
    if not ratios:
        return None
    tail = (1 - _LEVEL) / 2
    return [float(value) for value in np.quantile(ratios, (tail, 1 - tail))]
