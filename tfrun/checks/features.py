"""Reading the statistics proto of one feature, of ours or TFDV's."""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

Feature = pb.FeatureNameStatistics


def by_name(dataset: pb.DatasetFeatureStatistics) -> dict[str, Feature]:
    return {name_of(feature): feature for feature in dataset.features}


def name_of(feature: Feature) -> str:
    return ".".join(feature.path.step) if feature.path.step else feature.name


def common(feature: Feature) -> pb.CommonStatistics:
    part = feature.WhichOneof("stats") or "string_stats"
    return getattr(feature, part).common_stats


def is_number(feature: Feature) -> bool:
    return feature.type in (Feature.INT, Feature.FLOAT) and feature.WhichOneof("stats") == "num_stats"


def counts(feature: Feature) -> dict[str, float]:
    """The values of a string feature that were counted, the most frequent first."""
    return {bucket.label: bucket.sample_count for bucket in feature.string_stats.rank_histogram.buckets}


def histogram(feature: Feature, kind: str) -> pb.Histogram:
    """kind: STANDARD or QUANTILES. Empty where there is none."""
    wanted = pb.Histogram.HistogramType.Value(kind)
    return next((one for one in feature.num_stats.histograms if one.type == wanted), pb.Histogram(type=wanted))


def custom(feature: Feature, name: str) -> pb.CustomStatistic | None:
    return next((one for one in feature.custom_stats if one.name == name), None)


def missing_share(feature: Feature) -> float:
    found = common(feature)
    rows = found.num_missing + found.num_non_missing
    return found.num_missing / rows if rows else 0.0
