"""Do two sets of embeddings come from one distribution?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfrun.checks.anomaly import Anomaly

_ROWS, _PERMUTATIONS, _AT_ONCE = 500, 4999, 500


@dataclass(frozen=True)
class TwoSample:
    """distance: the squared maximum mean discrepancy, about 0 where nothing differs. p_value: of so large a one by chance."""

    distance: float
    p_value: float


def two_sample(one: np.ndarray, other: np.ndarray, seed: int = 0) -> TwoSample:
    """one, other: float32 [n, d] and [m, d], at least two rows each; of more than 500, 500 are drawn. The same for the same seed.

    Unbiased MMD² with an RBF kernel whose width is the median distance, its p-value from 4,999 permutations of the rows
    (Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012, eq. 3 and section 8). Rows with NaN are left out.
    """
    draw = np.random.default_rng(seed)
    one, other = (_drawn(rows, draw) for rows in (one, other))
    if min(len(one), len(other)) < 2:
        return TwoSample(0.0, 1.0)
    kernel = _kernel(np.concatenate([one, other]))
    count = len(kernel)
    mine = np.zeros((1, count))
    mine[0, : len(one)] = 1
    distance = float(_discrepancy(kernel, mine)[0])
    above = 0
    for start in range(0, _PERMUTATIONS, _AT_ONCE):
        tries = min(_AT_ONCE, _PERMUTATIONS - start)
        above += int((_discrepancy(kernel, draw.permuted(np.repeat(mine, tries, axis=0), axis=1)) >= distance).sum())
    return TwoSample(distance, (above + 1) / (_PERMUTATIONS + 1))


def anomaly(feature: str, split: str, own: np.ndarray, train: np.ndarray, limit: float) -> Anomaly | None:
    """own: of the rows of `split`. limit: `checks.drift_embeddings`."""
    test = two_sample(own, train)
    if test.p_value >= limit:
        return None
    text = f"is distributed otherwise than in train (MMD² {test.distance:.4f}, p-value {test.p_value:.4f} below "
    text += f"checks.drift_embeddings = {limit:g}); see whether the rows were drawn alike"
    return Anomaly(feature, "embedding_drift", split, text, test.p_value, limit)


def _drawn(rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    rows = rows[np.isfinite(rows).all(axis=1)].astype(np.float64)
    return rows if len(rows) <= _ROWS else rows[draw.choice(len(rows), _ROWS, replace=False)]


def _kernel(rows: np.ndarray) -> np.ndarray:
    """float64 [n, n] with a zero diagonal."""
    squares = (rows**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0)
    middle = np.median(apart[np.triu_indices(len(rows), 1)])
    kernel = np.exp(-apart / (middle or 1.0))
    np.fill_diagonal(kernel, 0)
    return kernel


def _discrepancy(kernel: np.ndarray, mine: np.ndarray) -> np.ndarray:
    """mine: float64 [tries, n], 1 for rows of the first set. MMD² of each try."""
    first = mine.sum(axis=1)
    second = mine.shape[1] - first
    products = mine @ kernel
    within = (products * mine).sum(axis=1)
    between = products.sum(axis=1) - within
    rest = kernel.sum() - within - 2 * between
    return within / (first * (first - 1)) + rest / (second * (second - 1)) - 2 * between / (first * second)
