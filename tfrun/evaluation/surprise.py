"""How likely a group of rows so bad is by accident: one-sided tests of many groups at once."""

from __future__ import annotations

import numpy as np

from tfrun.evaluation.groups import Groups, Sums
from tfrun.evaluation.metrics import auc

_MOST_LABELS = 100  # that are told apart
_CLOSE = 1e-3  # p of the normal approximation from where the exact one is calculated
_EACH = 10  # rows of either class that a group needs for its area to be tested


class MoreWrong:
    """More wrong answers than among other rows with the same labels: Fisher's exact test, labels as strata.

    So a group is not named because a hard class is frequent in it. More than 100 labels are taken as one.
    """

    def __init__(self, labels: np.ndarray, wrong: np.ndarray):
        """labels: int [rows]; wrong: bool [rows]."""
        _, labels = np.unique(labels, return_inverse=True)
        self.labels = labels if len(labels) and labels.max() < _MOST_LABELS else np.zeros(len(labels), np.intp)
        self.wrong = np.asarray(wrong, np.float64)
        self.rows = np.bincount(self.labels).astype(np.float64)
        self.bad = np.bincount(self.labels, self.wrong)

    def __call__(self, codes: np.ndarray, which: np.ndarray) -> np.ndarray:
        """codes: int [rows]; which: the codes asked for. p, float64 [which]."""
        from scipy.stats import norm

        count, share = len(self.rows), self.bad / self.rows
        drawn = np.bincount(codes * count + self.labels).astype(np.float64)
        drawn = np.pad(drawn, (0, -len(drawn) % count)).reshape(-1, count)[which]
        wrong = np.bincount(codes, self.wrong)[which]
        variance = share * (1 - share) * self.rows / np.maximum(self.rows - 1, 1)
        spread = np.sqrt((drawn * (self.rows - drawn) / self.rows) @ variance)
        p = norm.sf(np.divide(wrong - drawn @ share, spread, out=np.zeros(len(which)), where=spread > 0))
        for at in np.flatnonzero(p < _CLOSE):
            p[at] = self._exactly(drawn[at], wrong[at])
        return p

    def _exactly(self, drawn: np.ndarray, wrong: float) -> float:
        """How likely so many wrong answers or more are among `drawn` rows of each label."""
        from scipy.stats import hypergeom

        likely = np.ones(1)
        for taken, rows, bad in zip(drawn.astype(int), self.rows.astype(int), self.bad.astype(int), strict=True):
            if taken:
                likely = np.convolve(likely, hypergeom.pmf(np.arange(min(taken, bad) + 1), rows, bad, taken))
        return float(likely[int(wrong) :].sum())


class SmallerArea:
    """A smaller area under the ROC curve than all rows have. DeLong, DeLong and Clarke-Pearson (1988).

    Two classes. The variance is the larger one of the group's own and of what a group drawn at random would have; groups with
    fewer than 10 rows of either class are not tested.
    """

    def __init__(self, labels: np.ndarray, probabilities: np.ndarray):
        """labels: int [rows], 0 or 1; probabilities: float [rows, 2]."""
        self.labels, self.probabilities = labels, probabilities
        whole = Groups(labels, probabilities)
        self.area = auc(Sums(whole))[0]
        self.spreads = [values[0] for values in _placements(whole)]

    def __call__(self, codes: np.ndarray, which: np.ndarray) -> np.ndarray:
        """codes: int [rows]; which: the codes asked for. p, float64 [which]."""
        from scipy.stats import norm

        groups = Groups(self.labels, self.probabilities, codes, int(codes.max(initial=0)) + 1)
        sums = Sums(groups)
        rows = (sums.support[which, 1], sums.support[which, 0])
        own = [values[which] for values in _placements(groups)]
        variance = np.zeros(len(which))
        for count, mine, drawn in zip(rows, own, self.spreads, strict=True):
            variance += np.maximum(np.nan_to_num(mine), drawn) / np.maximum(count, 1)
        enough = (rows[0] >= _EACH) & (rows[1] >= _EACH) & (variance > 0)
        surprise = np.divide(self.area - auc(sums)[which], np.sqrt(variance), out=np.zeros(len(which)), where=enough)
        return np.where(enough, norm.sf(surprise), 1.0)


def _placements(groups: Groups) -> tuple[np.ndarray, np.ndarray]:
    """Variance, float64 [groups], of the share of negatives below a positive, and of the share of positives above a negative."""
    runs = Sums(groups).runs(1)
    here = runs.ranked.groups
    spread = [np.repeat(values[here], runs.ranked.lengths) for values in (
        runs.start(runs.positives), runs.start(runs.negatives), runs.all(runs.positives), runs.all(runs.negatives))]  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        below = ((runs.negatives[1:] + runs.negatives[:-1]) / 2 - spread[1]) / spread[3]
        above = 1 - ((runs.positives[1:] + runs.positives[:-1]) / 2 - spread[0]) / spread[2]
        return _variance(runs, np.diff(runs.positives), below), _variance(runs, np.diff(runs.negatives), above)


def _variance(runs, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """rows: float64 [runs], how often each value is there."""
    known = np.nan_to_num(values)
    count = runs.total(rows)
    mean = runs.total(rows * known) / count
    return np.maximum(runs.total(rows * known**2) - count * mean**2, 0.0) / np.maximum(count - 1, 1)
