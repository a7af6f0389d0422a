"""Embeddings of one distribution pass, of two they do not."""

from __future__ import annotations

import numpy as np

from tfrun.checks.two_sample import two_sample

DRAW = np.random.default_rng(0)


def rows(count, shift=0.0, spread=1.0):
    return (DRAW.normal(size=(count, 32)) * spread + shift).astype(np.float32)


def test_p_values_of_one_distribution_are_spread_evenly():
    found = [two_sample(rows(80), rows(60)).p_value for _ in range(40)]
    assert min(found) > 0.001 and 0.3 < np.mean(found) < 0.7


def test_a_shift_and_a_wider_spread_are_found():
    assert two_sample(rows(300), rows(300, shift=0.3)).p_value < 0.001
    assert two_sample(rows(300), rows(300, spread=1.3)).p_value < 0.001


def test_the_distance_is_the_unbiased_estimate():
    one, other = rows(12), rows(9, shift=1)
    both = np.concatenate([one, other]).astype(float)
    apart = ((both[:, None] - both[None]) ** 2).sum(-1)
    kernel = np.exp(-apart / np.median(apart[np.triu_indices(21, 1)]))
    mine, theirs = slice(12), slice(12, 21)
    within = sum((kernel[part, part].sum() - count) / (count * (count - 1)) for part, count in ((mine, 12), (theirs, 9)))
    assert np.isclose(two_sample(one, other).distance, within - 2 * kernel[mine, theirs].mean(), rtol=1e-5)


def test_the_same_rows_give_the_same_answer_and_no_rows_none():
    one, other = rows(700), rows(600)
    assert two_sample(one, other) == two_sample(one, other)
    assert two_sample(one[:1], other).p_value == 1.0
    assert two_sample(np.full((5, 32), np.nan, np.float32), other).p_value == 1.0
