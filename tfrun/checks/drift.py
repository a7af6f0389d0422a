"""How far two distributions are apart, as TFDV measures it, and how far apart chance alone puts samples of their size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks import Checks, cells, features
from tfrun.checks.anomaly import Anomaly

_CHANCE = 4.9  # standard deviations: what one sample in a million is beyond


def l_infinity(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[float, str]:
    """The largest difference of a value's shares in two counts, and that value (TFDV's infinity_norm)."""
    totals = sum(one.values()) or 1.0, sum(other.values()) or 1.0
    apart = {value: abs(one.get(value, 0) / totals[0] - other.get(value, 0) / totals[1]) for value in {**one, **other}}
    value = max(apart, key=lambda name: (apart[name], name), default="")
    return apart.get(value, 0.0), value


def of_histograms(one: pb.Histogram, other: pb.Histogram) -> float:
    """Jensen–Shannon divergence in bits of two histograms of one type, as TFDV's jensen_shannon_divergence has it.

    Buckets are cut at the edges of both, their mass shared out evenly; buckets without width are points of their own; infinite
    edges and NaN never agree. NaN where one of the two is empty.
    """
    return cells.jensen_shannon(_aligned(one, other))


def drift(
    now: pb.DatasetFeatureStatistics, before: pb.DatasetFeatureStatistics, than: str, checks: Checks, left_out: frozenset[str]
) -> Iterator[Anomaly]:
    """than: what `before` is called. Limits are raised to what chance gives splits of this size."""
    earlier = features.by_name(before)
    for name, feature in features.by_name(now).items():
        if name in left_out or name not in earlier:
            continue
        old = earlier[name]
        if features.is_number(feature) and features.is_number(old):
            yield from _numbers(name, feature, old, now.name, than, checks.drift_numbers)
        elif not features.is_number(feature) and not features.is_number(old):
            yield from _categories(name, _values(feature), _values(old), now.name, than, checks.drift_categories)


def distance(now: features.Feature, before: features.Feature) -> float | None:
    """Jensen–Shannon divergence of numbers, L-infinity of categories; None where one of the two is neither or empty."""
    if features.is_number(now) and features.is_number(before):
        figure = of_numbers(now, before)
        return None if math.isnan(figure) else figure
    if features.is_number(now) or features.is_number(before) or not (_values(now) and _values(before)):
        return None
    return l_infinity(_values(now), _values(before))[0]


def _values(feature: features.Feature) -> dict[str, float]:
    """Of text: its scripts."""
    scripts = features.custom(feature, "scripts")
    if scripts:
        return {bucket.label: bucket.sample_count for bucket in scripts.rank_histogram.buckets}
    return features.counts(feature)


def _categories(name: str, new: dict, old: dict, split: str, than: str, limit: float) -> Iterator[Anomaly]:
    if not new or not old:
        return
    figure, value = l_infinity(new, old)
    shares = new.get(value, 0) / sum(new.values()), old.get(value, 0) / sum(old.values())
    both = sum(new.values()), sum(old.values())
    likely = (new.get(value, 0) + old.get(value, 0)) / sum(both)
    limit = max(limit, _CHANCE * math.sqrt(likely * (1 - likely) * (1 / both[0] + 1 / both[1])))
    if figure > limit:
        text = f"'{value}' is {shares[0]:.1%} of values, {shares[1]:.1%} in {than}: L-infinity {figure:.3f} above {limit:.3f}"
        text += " (checks.drift_categories); see whether the rows were drawn alike"
        yield Anomaly(name, "drift", split, text, figure, limit, (value,))


def _numbers(name: str, new: features.Feature, old: features.Feature, split: str, than: str, limit: float) -> Iterator[Anomaly]:
    figure = of_numbers(new, old)
    limit = max(limit, cells.by_chance(*(features.common(one).tot_num_values for one in (new, old))))
    if figure > limit:
        medians = f"median {new.num_stats.median:g}, {old.num_stats.median:g} in {than}"
        text = f"is spread otherwise than in {than} ({medians}): Jensen–Shannon {figure:.3f} bits above {limit:.3f}"
        text += " (checks.drift_numbers); see whether the rows were drawn alike"
        yield Anomaly(name, "drift_numbers", split, text, figure, limit)


def of_numbers(new: features.Feature, old: features.Feature) -> float:
    """Statistics of TFDV have its histograms only. It sees differences that are not there in STANDARD ones where a few values are
    far out, in QUANTILES ones where values repeat: the smaller of the two counts."""
    own = [features.custom(one, cells.NAME) for one in (new, old)]
    if all(own):
        return cells.divergence(*(cells.read(one.histogram) for one in own))
    return min(
        of_histograms(features.histogram(new, kind), features.histogram(old, kind)) for kind in ("STANDARD", "QUANTILES")
    )


def _aligned(one: pb.Histogram, other: pb.Histogram) -> np.ndarray:
    """float64 [2, buckets]: the mass of both in the same buckets."""
    wide = [[b for b in h.buckets if math.isfinite(b.low_value) and math.isfinite(b.high_value)] for h in (one, other)]
    edges = sorted(
        {edge for buckets in wide for b in buckets if b.low_value < b.high_value for edge in (b.low_value, b.high_value)}
    )
    points = sorted({b.low_value for buckets in wide for b in buckets if b.low_value == b.high_value})
    rows = [
        [*_cut(buckets, np.array(edges)), *_points(buckets, points), *_apart(histogram, buckets, side)]
        for side, (histogram, buckets) in enumerate(zip((one, other), wide))
    ]
    return np.array(rows)


def _cut(buckets: list, edges: np.ndarray) -> np.ndarray:
    """Mass between `edges`, from the cumulative mass at each of them."""
    if not len(edges):
        return np.empty(0)
    buckets = [bucket for bucket in buckets if bucket.low_value < bucket.high_value]
    below = np.zeros(len(edges))
    for bucket in buckets:
        below += bucket.sample_count * np.clip((edges - bucket.low_value) / (bucket.high_value - bucket.low_value), 0, 1)
    return np.diff(below)


def _points(buckets: list, points: list[float]) -> list[float]:
    return [sum(b.sample_count for b in buckets if b.low_value == b.high_value == point) for point in points]


def _apart(histogram: pb.Histogram, finite: list, side: int) -> list[float]:
    """Infinite buckets and NaN, each in a place that the other histogram leaves empty."""
    infinite = sum(bucket.sample_count for bucket in histogram.buckets) - sum(bucket.sample_count for bucket in finite)
    places = [0.0] * 4
    places[side], places[2 + side] = infinite, histogram.num_nan
    return places
