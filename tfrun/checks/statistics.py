"""Statistics as the protos of tensorflow_metadata, which TFDV reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks import cells
from tfrun.checks.column import Column
from tfrun.checks.numbers import Numbers
from tfrun.checks.quantiles import even
from tfrun.checks.split import SplitAccumulator
from tfrun.checks.strings import Strings
from tfrun.config.problems import Problem, RunError

BUCKETS = 10  # of each histogram, as in TFDV
_TOP, _RANKED = 20, 1000
_TYPES = {"int": "INT", "float": "FLOAT", "string": "STRING", "bytes": "BYTES", "struct": "STRUCT", "none": "STRING"}


def statistics(splits: Mapping[str, SplitAccumulator]) -> pb.DatasetFeatureStatisticsList:
    """One dataset a split, named as the split."""
    result = pb.DatasetFeatureStatisticsList()
    for name, split in splits.items():
        dataset = result.datasets.add(name=name, num_examples=split.rows)
        for feature, column in split.columns.items():
            _feature(dataset.features.add(type=_TYPES[column.kind]), feature, column, split.rows)
    return result


def read(path: Path) -> pb.DatasetFeatureStatisticsList:
    """path: a statistics.pb, of ours or TFDV's, or a run directory. Raises RunError where there is none."""
    file = path / "data" / "statistics.pb" if path.is_dir() else path
    try:
        return pb.DatasetFeatureStatisticsList.FromString(file.read_bytes())
    except (OSError, DecodeError) as error:
        way_out = "name a run directory with data/statistics.pb, or such a file"
        raise RunError(Problem("checks.against", f"cannot be read ({error})", way_out, path)) from error


def _feature(feature: pb.FeatureNameStatistics, name: str, column: Column, rows: int) -> None:
    feature.path.step.append(name)
    if feature.type in (pb.FeatureNameStatistics.INT, pb.FeatureNameStatistics.FLOAT):
        _numbers(feature.num_stats, column.numbers)
        common = feature.num_stats.common_stats
        feature.custom_stats.add(name="infinite", num=column.numbers.infinite)
        cells.write(column.numbers.spread, feature.custom_stats.add(name=cells.NAME).histogram)
    elif feature.type == pb.FeatureNameStatistics.BYTES:
        _bytes(feature.bytes_stats, column.strings)
        common = feature.bytes_stats.common_stats
    elif feature.type == pb.FeatureNameStatistics.STRUCT:
        common = feature.struct_stats.common_stats
    else:
        _strings(feature.string_stats, column.strings)
        common = feature.string_stats.common_stats
        _text(feature, column.strings)
    _common(common, column, rows)


def _common(common: pb.CommonStatistics, column: Column, rows: int) -> None:
    common.num_non_missing, common.num_missing, common.tot_num_values = column.present, rows - column.present, column.values
    if not column.present:
        return
    low, high = column.lengths.finite_range() if column.lists else (1, 1)
    common.min_num_values, common.max_num_values = int(low), int(high)
    common.avg_num_values = column.values / column.present
    edges = column.lengths.spread.quantiles(np.linspace(0, 1, BUCKETS + 1)) if column.lists else np.ones(BUCKETS + 1)
    _buckets(common.num_values_histogram, "QUANTILES", edges, [column.present / BUCKETS] * BUCKETS)


def _numbers(proto: pb.NumericStatistics, numbers: Numbers) -> None:
    if numbers.count or numbers.infinite:
        proto.mean, proto.std_dev, proto.num_zeros = numbers.mean, numbers.deviation, numbers.zeros
        proto.min, proto.max = numbers.low, numbers.high
    histograms = [proto.histograms.add(num_nan=numbers.nan, type=kind) for kind in ("STANDARD", "QUANTILES")]
    if not numbers.count:
        return
    proto.median = numbers.quantile(0.5)
    low, high = numbers.finite_range()
    edges = even(low, high, BUCKETS) if low < high else np.array([low, high])
    _buckets(histograms[0], "STANDARD", edges, numbers.spread.histogram(edges).tolist())
    shares = numbers.spread.quantiles(np.linspace(0, 1, BUCKETS + 1))
    _buckets(histograms[1], "QUANTILES", shares, [numbers.count / BUCKETS] * BUCKETS)


def _buckets(histogram: pb.Histogram, kind: str, edges: np.ndarray, counts: list[float]) -> None:
    histogram.type = kind
    for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts):
        histogram.buckets.add(low_value=low, high_value=high, sample_count=count)


def _strings(proto: pb.StringStatistics, strings: Strings) -> None:
    if not strings.count:
        return
    proto.unique, proto.avg_length = int(strings.distinct), strings.size / strings.count
    ranked = strings.frequencies.top(_RANKED)
    for value, count in ranked[:_TOP]:
        proto.top_values.add(value=value, frequency=count)
    for rank, (value, count) in enumerate(ranked):
        proto.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)


def _bytes(proto: pb.BytesStatistics, strings: Strings) -> None:
    if strings.count:
        proto.unique, proto.avg_num_bytes = int(strings.distinct), strings.size / strings.count
        proto.min_num_bytes, proto.max_num_bytes = strings.shortest, strings.longest
        proto.max_num_bytes_int = strings.longest


def _text(feature: pb.FeatureNameStatistics, strings: Strings) -> None:
    """What tensorflow_metadata has no field for, as custom statistics."""
    if not strings.count:
        return
    feature.custom_stats.add(name="empty", num=strings.empty)
    for name, numbers in (("characters", strings.characters), ("words", strings.words)):
        if strings.text and numbers.count:
            cells.write(numbers.spread, feature.custom_stats.add(name=name).histogram)
    ranks = feature.custom_stats.add(name="scripts").rank_histogram if strings.scripts else None
    for rank, (script, count) in enumerate(strings.scripts.most_common()):
        ranks.buckets.add(low_rank=rank, high_rank=rank, label=script, sample_count=count)
