"""Drift along a column: month by month, site by site, the rows of each of its values beside the training split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks import Checks, features
from tfrun.checks.anomaly import Anomaly, few, named
from tfrun.checks.blocks import blocks
from tfrun.checks.drift import distance, drift
from tfrun.checks.gather import Tables
from tfrun.checks.roles import Roles
from tfrun.checks.split import SplitAccumulator
from tfrun.checks.statistics import statistics
from tfrun.config.problems import Problem, RunError, nearest

_MOST = 100  # values: each keeps statistics of its own
_NONE = "(missing)"


@dataclass(frozen=True)
class Step:
    """All rows with one value of the column, of whatever split. figures: by feature, how far from the training split.

    L-infinity of categories, Jensen–Shannon divergence in bits of numbers. anomalies: where that is above its limit.
    """

    value: str
    rows: int
    figures: dict[str, float]
    anomalies: tuple[Anomaly, ...]


def steps(
    column: str, tables: Tables, roles: Roles, checks: Checks, training: pb.DatasetFeatureStatistics, left_out: frozenset[str]
) -> tuple[Step, ...]:
    """In the order of the values. Raises RunError where there is no such column, or where it has more than 100 values."""
    parts: dict[str, SplitAccumulator] = {}
    for stream in tables.values():
        for block in blocks(stream()):
            _share_out(block, column, roles, parts)
    found = statistics({value: parts[value] for value in sorted(parts, key=_order)})
    return tuple(_step(dataset, column, training, checks, left_out | {column}) for dataset in found.datasets)


def summed(along: tuple[Step, ...]) -> Iterator[Anomaly]:
    """One warning a feature: where it is furthest away, and where else."""
    by_feature: dict[str, list[Anomaly]] = {}
    for step in along:
        for anomaly in step.anomalies:
            by_feature.setdefault(anomaly.feature, []).append(anomaly)
    for found in by_feature.values():
        worst = max(found, key=lambda anomaly: anomaly.figure or 0)
        others = [anomaly.split for anomaly in found if anomaly is not worst]
        text = worst.text + (f"; less so in {named(few(others), len(others))}" if others else "")
        yield replace(worst, text=text, severity="warning")


def _share_out(block: pa.RecordBatch, column: str, roles: Roles, parts: dict[str, SplitAccumulator]) -> None:
    if column not in block.schema.names:
        rule = "is no column of the data"
        raise RunError(Problem("checks.drift_by", rule, nearest(column, block.schema.names), column))
    values = pc.fill_null(pc.cast(block.column(column), pa.string()), _NONE)
    for value in pc.unique(values):
        name = value.as_py()
        if name not in parts and len(parts) == _MOST:
            rule = f"has more than {_MOST} values"
            raise RunError(Problem("checks.drift_by", rule, "name a column with fewer, as a month instead of a day", column))
        part = parts.setdefault(name, SplitAccumulator(roles, 1))
        part.add(block.filter(pc.equal(values, value)))


def _step(
    dataset: pb.DatasetFeatureStatistics, column: str, training: pb.DatasetFeatureStatistics, checks: Checks,
    left_out: frozenset[str],
) -> Step:  # fmt: skip
    value, earlier = dataset.name, features.by_name(training)
    dataset.name = f"{column} {value}"
    figures = {
        name: distance(feature, earlier[name])
        for name, feature in features.by_name(dataset).items()
        if name in earlier and name not in left_out
    }
    found = drift(dataset, training, training.name, checks, left_out)
    known = {name: figure for name, figure in figures.items() if figure is not None}
    return Step(value, dataset.num_examples, known, tuple(found))


def _order(value: str) -> tuple:
    """Numbers as numbers, before words."""
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)
