"""A split against a schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfrun.checks import Checks, features
from tfrun.checks.anomaly import Anomaly, few
from tfrun.checks.domains import outside

SPLITS = ("train", "validation", "test")
_UNUSED = {
    schema_pb2.PLANNED, schema_pb2.ALPHA, schema_pb2.DEPRECATED, schema_pb2.DEBUG_ONLY, schema_pb2.DISABLED,
}  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """strict: the schema was edited by people and holds to the letter. judged: columns on which more than presence is checked."""

    schema: schema_pb2.Schema
    strict: bool
    judged: Collection[str]
    label: str
    checks: Checks
    train: dict[str, features.Feature]


def enforce(rules: Rules, dataset: statistics_pb2.DatasetFeatureStatistics) -> Iterator[Anomaly]:
    found = features.by_name(dataset)
    least = rules.schema.dataset_constraints.min_examples_count
    if dataset.num_examples < max(least, 1):
        text = f"has {dataset.num_examples:,} rows, fewer than {max(least, 1):,}; see what the reader left out"
        yield Anomaly("", "few_rows", dataset.name, text, dataset.num_examples, max(least, 1))
        return
    for feature in rules.schema.feature:
        if _is_used(feature, rules.schema, dataset.name):
            yield from _feature(rules, feature, found.get(feature.name), dataset.name)
    for name in found.keys() - {feature.name for feature in rules.schema.feature}:
        text = "is a new column that the schema does not have; add it to the schema or leave it out"
        yield Anomaly(name, "new_column", dataset.name, text, severity="warning")


def _is_used(feature: schema_pb2.Feature, schema: schema_pb2.Schema, split: str) -> bool:
    if feature.deprecated or feature.lifecycle_stage in _UNUSED:
        return False
    environments = {
        *schema.default_environment,
        *(name for one in schema.feature for name in (*one.in_environment, *one.not_in_environment)),
    }
    if split not in environments:
        return True
    return split in feature.in_environment or (split not in feature.not_in_environment and split in schema.default_environment)


def _feature(rules: Rules, feature: schema_pb2.Feature, found: features.Feature | None, split: str) -> Iterator[Anomaly]:
    name = feature.name
    if found is None:
        unlabelled = name == rules.label and not rules.strict and split not in SPLITS  # rows that were served
        if (feature.presence.min_count or feature.presence.min_fraction) and not unlabelled:
            text = f"is missing: no such column in {split}; add it, or mark it `lifecycle_stage: DEPRECATED` in the schema"
            yield Anomaly(name, "missing_column", split, text, severity="error")
        return
    if not features.common(found).num_non_missing:
        text = "has no value in any row; mend the reader, or leave the column out"
        yield Anomaly(name, "all_missing", split, text, 1.0, rules.checks.missing)
        return
    wrong = _type(feature, found, split)
    if wrong:
        yield wrong
        return
    yield from _presence(rules, feature, found, split)
    if rules.strict or name in rules.judged:
        yield from _value_count(feature, found, split)
        yield from _unique(feature, found, split)
        if rules.strict or name != rules.label:  # what is wrong with labels is said of them as labels
            share = 1 - feature.distribution_constraints.min_domain_mass if rules.strict else rules.checks.new_values
            yield from outside(rules.schema, feature, found, split, share)


def _type(feature: schema_pb2.Feature, found: features.Feature, split: str) -> Anomaly | None:
    of_data = found.Type.Name(found.type)
    of_schema = schema_pb2.FeatureType.Name(feature.type)
    fits = {"STRING": {"BYTES"}, "INT": {"INT", "FLOAT"}}.get(of_data, {of_data})
    if of_schema in fits or of_schema == "TYPE_UNKNOWN":
        return None
    values = few(features.counts(found)) if of_data == "STRING" else ()
    text = f"is {of_data} where the schema has {of_schema}" + (f" (such as {', '.join(values)})" if values else "")
    return Anomaly(feature.name, "type", split, text + "; mend the values, or the schema's `type`", examples=values)


def _presence(rules: Rules, feature: schema_pb2.Feature, found: features.Feature, split: str) -> Iterator[Anomaly]:
    share, name = features.missing_share(found), feature.name
    present = features.common(found).num_non_missing
    if name == rules.label and share:
        text = f"is missing in {share:.2%} of rows ({features.common(found).num_missing:,}); label them or leave them out"
        yield Anomaly(name, "missing", split, text, share, 0.0)
    elif rules.strict:
        limit = 1 - feature.presence.min_fraction
        if share > limit + 1e-12 or present < feature.presence.min_count:
            text = f"is missing in {share:.2%} of rows, more than the schema's {limit:.2%} (`presence`); fill in or mend the reader"
            yield Anomaly(name, "missing", split, text, share, limit)
    elif name in rules.judged:
        yield from _missing(rules, name, share, split)


def _missing(rules: Rules, name: str, share: float, split: str) -> Iterator[Anomaly]:
    usual = features.missing_share(rules.train[name]) if name in rules.train else 0.0
    rise = usual + rules.checks.missing_rise
    if share > rules.checks.missing:
        text = (
            f"is missing in {share:.1%} of rows, more than checks.missing = {rules.checks.missing:g}; fill in, or leave it out"
        )
        yield Anomaly(name, "missing", split, text, share, rules.checks.missing)
    elif share > rise:
        text = f"is missing in {share:.1%} of rows, in training in {usual:.1%} (checks.missing_rise); see where the values went"
        yield Anomaly(name, "missing", split, text, share, rise)


def _value_count(feature: schema_pb2.Feature, found: features.Feature, split: str) -> Iterator[Anomaly]:
    low, high = features.common(found).min_num_values, features.common(found).max_num_values
    if feature.HasField("value_count"):
        least, most = feature.value_count.min, feature.value_count.max
    elif len(feature.shape.dim) == 1:
        least = most = feature.shape.dim[0].size
    else:
        return
    if low < least or (most and high > most):
        wanted = f"{least}" if least == most else f"{least} to {most or 'any number'}"
        text = f"has {low} to {high} values a row where the schema has {wanted}; mend the rows, or `value_count`"
        yield Anomaly(feature.name, "value_count", split, text, low if low < least else high, least if low < least else most)


def _unique(feature: schema_pb2.Feature, found: features.Feature, split: str) -> Iterator[Anomaly]:
    if not feature.HasField("unique_constraints") or features.is_number(found):
        return
    unique, limits = found.string_stats.unique or found.bytes_stats.unique, feature.unique_constraints
    if unique < limits.min:
        text = f"has {unique:,} different values, fewer than the schema's {limits.min:,}; see which are gone"
        yield Anomaly(feature.name, "few_distinct", split, text, unique, limits.min)
    if limits.max and unique > limits.max:
        text = f"has {unique:,} different values, more than the schema's {limits.max:,}; see which are new"
        yield Anomaly(feature.name, "many_distinct", split, text, unique, limits.max)
