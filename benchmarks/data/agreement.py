"""Differences between two sets of statistics, schemas and drift figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from pyarrow import compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfrun.checks import Roles, features
from tfrun.checks.drift import l_infinity, of_histograms, of_numbers
from tfrun.checks.gather import gather
from tfrun.checks.statistics import statistics

NUMBERS = ("mean", "std_dev", "num_zeros", "min", "median", "max")
COMMON = ("num_non_missing", "num_missing", "min_num_values", "max_num_values", "avg_num_values", "tot_num_values")
Row = tuple[str, str, str, str]


def read(file: Path) -> dict[str, features.Feature]:
    return features.by_name(statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets[0])


def differences(ours: statistics_pb2.DatasetFeatureStatistics, file: Path) -> Iterator[Row]:
    """A row a figure: the largest difference over all features, relative to TFDV's figure; of medians and histograms, to the range."""
    mine, theirs = features.by_name(ours), read(file)
    assert mine.keys() == theirs.keys()
    numbers = [name for name in mine if features.is_number(mine[name])]
    strings = [name for name in mine if name not in numbers]
    for figure in COMMON:
        yield _row(
            figure,
            {name: _relative(*(getattr(features.common(part[name]), figure) for part in (mine, theirs))) for name in mine},
        )
    for figure in NUMBERS:
        if figure == "median":
            yield _row("median, of the range", {name: _in_range(mine[name], theirs[name]) for name in numbers})
        else:
            yield _row(
                figure,
                {name: _relative(*(getattr(part[name].num_stats, figure) for part in (mine, theirs))) for name in numbers},
            )
    for kind in ("STANDARD", "QUANTILES"):
        yield _row(f"{kind} histogram, share of rows", {name: _mass(mine[name], theirs[name], kind) for name in numbers})
    for figure in ("unique", "avg_length"):
        yield _row(
            figure,
            {name: _relative(*(getattr(part[name].string_stats, figure) for part in (mine, theirs))) for name in strings},
        )
    yield _row("counts of all values", {name: _counts(mine[name], theirs[name]) for name in strings})


def drifts(data: Path, theirs: Path, measured: dict[str, float]) -> Iterator[Row]:
    """Drift from the first to the second half of the year: our formulas on TFDV's statistics, then on our own."""
    from here import batches

    halves = {
        name: (lambda late=late: (batch.filter(pc.equal(pc.greater(batch["month"], 6), late)) for batch in batches(str(data))))
        for name, late in (("first", False), ("second", True))
    }
    own = {dataset.name: features.by_name(dataset) for dataset in statistics(gather(halves, Roles("late"), 100)).datasets}
    tfdv = {name: read(theirs / f"{name}.pb") for name in halves}
    for said, part in (("our formula, TFDV's statistics", tfdv), ("our statistics", own)):
        words, numbers = {}, {}
        for name, figure in measured.items():
            pair = part["second"][name], part["first"][name]
            if features.is_number(pair[0]):
                numbers[name] = abs(of_histograms(*(features.histogram(one, "STANDARD") for one in pair)) - figure)
            else:
                words[name] = abs(l_infinity(*map(features.counts, pair))[0] - figure)
        yield _row(f"L-infinity, {said}", words)
        yield _row(f"Jensen–Shannon (STANDARD), {said}", numbers)
    cells = {name: of_numbers(own["second"][name], own["first"][name]) for name in numbers}
    row = _row(
        "Jensen–Shannon of cells, which the checks use, and TFDV's", {name: abs(cells[name] - measured[name]) for name in cells}
    )
    yield (*row[:3], f"{row[3]} ({cells[row[3]]:.3f}, TFDV {measured[row[3]]:.3f})")


def schema_differences(ours: schema_pb2.Schema, theirs: Path | str) -> list[str]:
    text = theirs if isinstance(theirs, str) else theirs.read_text()
    other = text_format.Parse(text, schema_pb2.Schema())
    mine, yours = ({feature.name: feature for feature in schema.feature} for schema in (ours, other))
    found = [
        f"{name}: ours {mine.get(name)} theirs {yours.get(name)}"
        for name in {**mine, **yours}
        if mine.get(name) != yours.get(name)
    ]
    domains = [{domain.name: sorted(domain.value) for domain in schema.string_domain} for schema in (ours, other)]
    return found + [f"domain {name}" for name in {**domains[0], **domains[1]} if domains[0].get(name) != domains[1].get(name)]


def _row(figure: str, found: dict[str, float]) -> Row:
    where = max(found, key=lambda name: found[name])
    return figure, str(len(found)), f"{found[where]:.2g}", where if found[where] else ""


def _relative(one: float, other: float) -> float:
    return abs(one - other) / max(abs(other), 1e-12) if one != other else 0.0


def _in_range(one: features.Feature, other: features.Feature) -> float:
    width = other.num_stats.max - other.num_stats.min
    return abs(one.num_stats.median - other.num_stats.median) / width if width else 0.0


def _mass(one: features.Feature, other: features.Feature, kind: str) -> float:
    """The largest difference of cumulative shares at the edges of both (Kolmogorov's distance)."""
    first, second = (features.histogram(part, kind).buckets for part in (one, other))
    edges = np.array(
        sorted({edge for buckets in (first, second) for bucket in buckets for edge in (bucket.low_value, bucket.high_value)})
    )
    return float(np.abs(_below(first, edges) - _below(second, edges)).max())


def _below(buckets, edges: np.ndarray) -> np.ndarray:
    total = sum(bucket.sample_count for bucket in buckets)
    below = np.zeros(len(edges))
    for bucket in buckets:
        width = bucket.high_value - bucket.low_value
        below += bucket.sample_count * (
            np.clip((edges - bucket.low_value) / width, 0, 1) if width else edges >= bucket.low_value
        )
    return below / total


def _counts(one: features.Feature, other: features.Feature) -> float:
    mine, yours = features.counts(one), features.counts(other)
    return max(abs(mine.get(name, 0) - yours.get(name, 0)) for name in {**mine, **yours})
