"""How well features of a backbone suit a task, told without training: LogME and N-LEEP."""

from __future__ import annotations

import numpy as np

_STEPS, _CLOSE = 100, 1e-3  # of the fixed point of LogME
_ENERGY, _MOST, _PER_CLASS, _ROWS_EACH = (
    0.8,
    256,
    5,
    10,
)  # of N-LEEP: kept variance, in so many components at most, components a class, rows a component at least


def logme(features: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """The largest log evidence a row of Bayesian linear regressions from features to labels, mean over classes.

    features: float [n, d]. labels: int [n], taken one-hot; uint8 [n, classes]; or float [n], standardised. Comparable between
    backbones on the same rows; larger is better.
    You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML 2021, eq. 2 and algorithm 1.
    """
    rows, size = features.shape
    wide = features.astype(np.float64)
    squares, basis = np.linalg.eigh(wide @ wide.T if size > rows else wide.T @ wide)  # of the smaller side
    squares = np.maximum(squares, 0)
    if size <= rows:
        alive = squares > 1e-10 * squares.max()
        squares, basis = squares[alive], wide @ basis[:, alive] / np.sqrt(squares[alive])
    each = [_evidence(basis, squares, column, features.shape[1]) for column in _columns(labels, classes).T if column.any()]
    return float(np.mean(each))


def _columns(labels: np.ndarray, classes: int) -> np.ndarray:
    """float64 [n, outputs]."""
    if labels.ndim == 2:
        return labels.astype(np.float64)
    if labels.dtype.kind == "f":
        return ((labels - labels.mean()) / (labels.std() or 1.0)).astype(np.float64)[:, None]
    return np.eye(classes)[labels]


def _evidence(basis: np.ndarray, squares: np.ndarray, wanted: np.ndarray, size: int) -> float:
    """basis: float64 [n, k], squares: [k], of the singular value decomposition. wanted: [n]. size: number of features."""
    rows = len(wanted)
    along = (basis.T @ wanted) ** 2
    outside = max(float(wanted @ wanted - along.sum()), 0.0)
    alpha = beta = 1.0
    for _ in range(_STEPS):
        ratio = alpha / beta
        effective = (squares / (squares + ratio)).sum()
        weights = (squares * along / (squares + ratio) ** 2).sum()
        residual = (along * (ratio / (squares + ratio)) ** 2).sum() + outside
        alpha, beta = effective / max(weights, 1e-12), (rows - effective) / max(residual, 1e-12)
        if abs(alpha / beta - ratio) <= _CLOSE * ratio:
            break
    ratio = alpha / beta
    weights = (squares * along / (squares + ratio) ** 2).sum()
    residual = (along * (ratio / (squares + ratio)) ** 2).sum() + outside
    curvature = np.log(alpha + beta * squares).sum() + (size - len(squares)) * np.log(alpha)
    log = size * np.log(alpha) + rows * np.log(beta) - curvature - beta * residual - alpha * weights - rows * np.log(2 * np.pi)
    return float(log / 2 / rows)


def nleep(features: np.ndarray, labels: np.ndarray, classes: int, seed: int = 0) -> float:
    """Mean log likelihood of the labels, told from clusters of the features; at most 0, larger is better.

    LEEP asks the backbone's own classifier for source classes; a feature vector has none, so clusters of a Gaussian mixture
    stand for them, as in N-LEEP: Nguyen et al., "LEEP", ICML 2020, eq. 2; Li et al., "Ranking Neural Checkpoints", CVPR 2021,
    section 3.2. Covariances are diagonal here. features: float [n, d]. labels: int [n].
    """
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    reduced = features.astype(np.float64)
    if features.shape[1] > 2:
        reduced = PCA(min(_MOST, *reduced.shape), svd_solver="randomized", random_state=seed).fit_transform(reduced)
        share = np.cumsum(reduced.var(axis=0)) / features.var(axis=0, dtype=np.float64).sum()
        reduced = reduced[:, : int(np.searchsorted(share, _ENERGY)) + 1]
    clusters = max(2, min(_PER_CLASS * classes, len(features) // _ROWS_EACH))
    scale = max(float(reduced.var(axis=0).mean()), 1e-12)
    mixture = GaussianMixture(clusters, covariance_type="diag", reg_covar=1e-3 * scale, random_state=seed)
    belongs = mixture.fit(reduced).predict_proba(reduced)  # [n, clusters]
    joint = np.zeros((classes, clusters))
    np.add.at(joint, labels, belongs)
    given = joint / np.maximum(joint.sum(axis=0), 1e-12)  # of the class, given the cluster
    likelihood = (belongs * given[labels]).sum(axis=1)
    return float(np.log(np.maximum(likelihood, 1e-12)).mean())
