from __future__ import annotations

import pytest

from tfrun.store import FeatureStore, size


@pytest.mark.parametrize(
    ("text", "expected"), [("10 GB", 10**10), ("1.5MiB", 3 * 2**19), ("500000", 500_000), ("0", 0), (" 2 kb ", 2000)]
)
def test_sizes_as_people_write_them(text, expected):
    assert size.in_bytes(text) == expected == FeatureStore(limit=text).limit_bytes


@pytest.mark.parametrize("text", ["", "lots", "-1 GB", "10 GBs", "1e9", "nan"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="must be a size, like 10 GB"):
        FeatureStore(limit=text)


def test_a_number_is_bytes_and_truth_is_none():
    assert FeatureStore(limit=2_000_000).limit_bytes == 2_000_000
    with pytest.raises(ValueError):
        FeatureStore(limit=True)


def test_ages_and_how_sizes_are_shown():
    assert size.in_seconds("30d") == 30 * 86400 and size.in_seconds("12h") == 43200
    assert [size.shown(value) for value in (0, 999, 13_474_016, 10**10)] == ["0 B", "999 B", "13.5 MB", "10 GB"]
