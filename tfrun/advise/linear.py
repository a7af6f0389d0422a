"""Linear models of each task, by scikit-learn: what a head could make of features."""

from __future__ import annotations

import warnings
from typing import Protocol, Self

import numpy as np

_ITERATIONS, _TOLERANCE = 200, 1e-3


class Linear(Protocol):
    """strength: of the fit against the penalty on the weights, as scikit-learn's C. features: float [n, d], standardised."""

    def __init__(self, outputs: int): ...

    def fit(self, features: np.ndarray, labels: np.ndarray, strength: float) -> Self:
        """Begins where the fit before ended, where there was one."""
        ...

    def answers(self, features: np.ndarray) -> np.ndarray:
        """float32 [n, outputs]."""
        ...

    def layer(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 [d, outputs] and [outputs]: kernel and bias of a layer that gives logits, or numbers in the labels' unit."""
        ...


class Classes:
    """Multinomial logistic regression. labels: int [n]. A class without a row has the probability 0."""

    def __init__(self, outputs: int):
        self._outputs, self._model = outputs, _logistic()

    def fit(self, features, labels, strength):
        _fit(self._model.set_params(C=strength), features, labels)
        return self

    def answers(self, features):
        found = np.zeros((len(features), self._outputs), np.float32)
        found[:, self._model.classes_] = self._model.predict_proba(features)
        return found

    def layer(self):
        slopes, offsets = self._model.coef_, self._model.intercept_
        if len(slopes) == 1:  # of two classes it gives the second one's
            slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
        kernel, bias = np.zeros((slopes.shape[1], self._outputs), np.float32), np.full(self._outputs, -20.0, np.float32)
        kernel[:, self._model.classes_], bias[self._model.classes_] = slopes.T, offsets
        return kernel, bias


class Several:
    """A logistic regression for each class. labels: uint8 [n, classes]. A class that all rows have, or none, is answered so."""

    def __init__(self, outputs: int):
        self._models, self._constant = [_logistic() for _ in range(outputs)], np.full(outputs, np.nan)

    def fit(self, features, labels, strength):
        self._constant = np.where(np.ptp(labels, axis=0) == 0, labels[0].astype(float), np.nan)
        for at in np.flatnonzero(np.isnan(self._constant)):
            _fit(self._models[at].set_params(C=strength), features, labels[:, at])
        return self

    def answers(self, features):
        found = np.tile(self._constant.astype(np.float32), (len(features), 1))
        for at in np.flatnonzero(np.isnan(self._constant)):
            found[:, at] = self._models[at].predict_proba(features)[:, 1]
        return found

    def layer(self):
        fitted = np.flatnonzero(np.isnan(self._constant))
        size = self._models[fitted[0]].coef_.shape[1] if len(fitted) else 0
        kernel, bias = np.zeros((size, len(self._models)), np.float32), np.where(self._constant == 1, 20.0, -20.0)
        for at in fitted:
            kernel[:, at], bias[at] = self._models[at].coef_[0], self._models[at].intercept_[0]
        return kernel, bias.astype(np.float32)


class Number:
    """Ridge regression on standardised labels. labels: float [n]."""

    def __init__(self, outputs: int):
        self._mean, self._spread = 0.0, 1.0

    def fit(self, features, labels, strength):
        from sklearn.linear_model import Ridge

        self._mean, self._spread = float(labels.mean()), float(labels.std()) or 1.0
        self._model = Ridge(alpha=1 / strength).fit(features, (labels - self._mean) / self._spread)
        return self

    def answers(self, features):
        return (self._model.predict(features) * self._spread + self._mean).astype(np.float32)[:, None]

    def layer(self):
        kernel, bias = self._model.coef_ * self._spread, self._model.intercept_ * self._spread + self._mean
        return kernel.astype(np.float32)[:, None], np.float32([bias])


def kind_of(labels: np.ndarray) -> type[Linear]:
    """The one for labels of a task, see `task.Task`."""
    return Several if labels.ndim == 2 else Number if labels.dtype.kind == "f" else Classes


def _logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=_ITERATIONS, tol=_TOLERANCE, warm_start=True)


def _fit(model, features: np.ndarray, labels: np.ndarray) -> None:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near the optimum is near enough for a score
        model.fit(features, labels)
