"""Statistics by Beam are those that are made here."""

from __future__ import annotations

import pytest

from tests.checks.conftest import split
from tfrun.checks import Checks, Roles, check_data

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: pip install 'tfrun[beam]'")


def test_beam_gives_the_same_protos_and_anomalies(flights):
    tables = split(flights)
    here, there = (check_data(tables, Roles("late"), Checks(engine=engine)) for engine in ("local", "beam"))
    for found in (here, there):
        for dataset in found.statistics.datasets:
            for feature in dataset.features:
                if feature.WhichOneof("stats") == "num_stats":  # the last digits depend on the order of addition
                    feature.num_stats.mean, feature.num_stats.std_dev = (
                        round(value, 6) for value in (feature.num_stats.mean, feature.num_stats.std_dev)
                    )
    assert here.statistics == there.statistics and here.schema == there.schema
    assert [str(one) for one in here.anomalies] == [str(one) for one in there.anomalies]


def test_options_of_the_pipeline_and_empty_splits(flights):
    from tests.checks.conftest import stream

    tables = {"train": stream(flights.slice(0, 500)), "test": stream(flights.slice(0, 0))}
    found = check_data(tables, Roles("late"), Checks(engine="beam", beam_options=("--direct_num_workers=1",)))
    assert {dataset.name: dataset.num_examples for dataset in found.statistics.datasets} == {"train": 500, "test": 0}
