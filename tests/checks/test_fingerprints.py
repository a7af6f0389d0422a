"""Repeated rows and pictures: found within and across splits, estimated where they are too many to hold."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.checks import fingerprints
from tfrun.checks.fingerprints import Fingerprints, nearly_repeated, nearly_shared, repeated, shared

DRAW = np.random.default_rng(0)


def of(contents, looks=None) -> Fingerprints:
    result = Fingerprints()
    result.add(np.asarray(contents, np.uint64), None if looks is None else np.asarray(looks, np.uint64))
    return result


def test_rows_beyond_the_first_are_repeated():
    found = repeated(of([1, 2, 2, 3, 3, 3]))
    assert (found.rows, found.share, found.contents.tolist()) == (3, 0.5, [3, 2])


def test_rows_of_train_in_test_are_shared():
    found = shared(of([5, 6, 7, 7]), of([7, 8]))
    assert (found.rows, found.share, found.contents.tolist()) == (2, 0.5, [7])
    assert shared(of([]), of([1])).rows == 0


def test_shares_stay_right_where_not_all_rows_are_held(monkeypatch):
    monkeypatch.setattr(fingerprints, "KEPT", 5000)
    contents = DRAW.integers(0, 2**64, 40_000, np.uint64)
    train, test = Fingerprints(), Fingerprints()
    for part in np.split(contents, 8):
        train.add(part)
    test.add(np.concatenate([contents[:4000], DRAW.integers(0, 2**64, 6000, np.uint64)]))
    assert len(train.rows) <= 5000 and train.level > 0
    assert shared(test, train).share == pytest.approx(0.4, abs=0.05)
    assert shared(test, train).rows == pytest.approx(4000, rel=0.15)


def test_parts_merge_to_the_whole_at_any_level(monkeypatch):
    monkeypatch.setattr(fingerprints, "KEPT", 1000)
    contents = DRAW.integers(0, 2**64, 10_000, np.uint64)
    whole, merged = of(contents), of(contents[:900])
    merged.merge(of(contents[900:]))
    assert merged.level == whole.level and sorted(merged.rows[:, 0]) == sorted(whole.rows[:, 0])


@pytest.mark.parametrize("distance", [0, 1, 2, 5])
def test_all_pictures_within_the_distance_are_found_and_no_others(distance):
    looks = DRAW.integers(0, 2**64, 3000, np.uint64)
    flipped = np.array(
        [np.bitwise_or.reduce(np.uint64(1) << DRAW.choice(64, bits, replace=False).astype(np.uint64)) for bits in range(1, 7)]
    )
    copies = looks[:6] ^ flipped
    train = of(np.arange(3000), looks)
    test = of(10_000 + np.arange(6), copies)
    assert nearly_shared(test, train, distance).rows == min(distance, 6)
    both = of(np.arange(3006), np.concatenate([looks, copies]))
    assert nearly_repeated(both, distance).rows == 2 * min(distance, 6)


def test_pictures_of_one_colour_and_the_same_picture_are_not_near():
    blank = of(np.arange(100), np.zeros(100))
    same = of([7] * 10, [0x0123456789ABCDEF] * 10)
    assert nearly_repeated(blank, 2).rows == 0 and nearly_repeated(same, 2).rows == 0
