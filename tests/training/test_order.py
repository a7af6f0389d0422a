"""The order of examples on the host, and that the dataset has the same."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.augment.mixup import Mixup
from tfrun.training.order import order, partners, shares
from tfrun.training.stream import examples


def test_each_pass_has_every_row_once_and_its_own_order():
    seen = order(50, 1, 0, 150).reshape(3, 50)
    assert (np.sort(seen) == np.arange(50)).all()
    assert (seen[0] != seen[1]).any() and (seen[1] != seen[2]).any()


def test_the_seed_alone_decides_the_order():
    first, again, other = (order(50, seed, 0, 100) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("first", [0, 7, 49, 50, 120])
def test_any_stretch_is_a_stretch_of_the_whole(first):
    assert (order(50, 1, first, 60) == order(50, 1, 0, 200)[first : first + 60]).all()
    assert len(order(50, 1, first, 0)) == 0


def test_partners_have_an_order_of_their_own():
    own, others = order(50, 1, 0, 100), partners(50, 1, 0, 100)
    assert (np.sort(others.reshape(2, 50)) == np.arange(50)).all() and (own != others).mean() > 0.9


@pytest.mark.parametrize("rows", [5, 40])
def test_the_dataset_has_the_host_s_numbers(rows):
    augment, first = Mixup(alpha=0.4, probability=0.7), 3 * 8
    found = list(examples(rows, 8, seed=4, first_step=3, augment=augment).take(100).as_numpy_iterator())
    numbers, positions, others, share = map(np.array, zip(*found, strict=True))
    assert (numbers == np.arange(first, first + 100)).all()
    assert (positions == order(rows, 4, first, 100)).all()
    assert (others == partners(rows, 4, first, 100)).all()
    assert (share == shares(augment, rows, 4, first, 100)).all()
