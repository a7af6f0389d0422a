"""How much each searched key matters for the objective."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

ENOUGH = 20  # trials under which the figures say little
_FEWEST, _TREES, _FOLDS, _SHUFFLES = 5, 100, 5, 10


@dataclass(frozen=True)
class Importance:
    """shares: {key: share of the objective's variance that is lost without it}, largest first. explained: share of the
    variance that the forest explains in trials it has not seen; at 0 or below, shares mean nothing. trials: it was given.
    """

    shares: dict[str, float]
    explained: float
    trials: int

    @property
    def is_reliable(self) -> bool:
        return self.trials >= ENOUGH and self.explained > 0


def importance(space: dict[str, Any], values: list[dict[str, Any]], objective: list[float]) -> Importance | None:
    """Permutation importance (Breiman, Random Forests, 2001, section 10) of a random forest, on trials that it was not fitted on:
    five folds; the growth of the squared error when one key's values are shuffled, over the objective's variance.

    space: as in sweep.json. values, objective: of each trial that is done. None where there are too few of them or all are alike.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold

    target = np.asarray(objective, float)
    if len(target) < _FEWEST or not target.std() > 0:
        return None
    columns = {key: _encoded([one.get(key) for one in values], rule) for key, rule in space.items()}
    table = np.concatenate(list(columns.values()), axis=1)
    places = np.split(np.arange(table.shape[1]), np.cumsum([column.shape[1] for column in columns.values()])[:-1])
    draw, base, grown = np.random.default_rng(0), 0.0, np.zeros(len(columns))
    for seen, unseen in KFold(_FOLDS, shuffle=True, random_state=0).split(table):
        forest = RandomForestRegressor(_TREES, random_state=0).fit(table[seen], target[seen])
        error = ((forest.predict(table[unseen]) - target[unseen]) ** 2).sum()
        base += error
        for number, place in enumerate(places):
            shuffled = np.repeat(table[unseen][None], _SHUFFLES, axis=0)
            for copy in shuffled:  # from all trials: a fold alone may hold two
                copy[:, place] = table[draw.integers(0, len(table), len(unseen))][:, place]
            wrong = forest.predict(shuffled.reshape(-1, table.shape[1])).reshape(_SHUFFLES, -1) - target[unseen]
            grown[number] += (wrong**2).sum() / _SHUFFLES - error
    variance = ((target - target.mean()) ** 2).sum()
    shares = {key: float(max(0.0, share)) for key, share in zip(columns, grown / variance, strict=True)}
    ordered = dict(sorted(shares.items(), key=lambda item: -item[1]))
    return Importance(ordered, float(1 - base / variance), len(target))


def _encoded(values: list[Any], rule: dict[str, Any]) -> np.ndarray:
    """float [trials, n]: numbers as one column, by their logarithm where the space is logarithmic; other choices as one column each."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = [math.log(value) if rule.get("log") else float(value) for value in values]
        return np.array(numbers)[:, None]
    names = list(dict.fromkeys(map(repr, values)))
    return np.array([[repr(value) == name for name in names] for value in values], float)
