"""The schema of a table as tensorflow_metadata has it: inferred as TFDV does, read and written as text that people edit."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfrun.checks import features
from tfrun.config.problems import Problem, RunError

LARGEST_DOMAIN = 100  # values of a string feature that make a domain, as in TFDV
_TRUE, _FALSE = {"TRUE", "true", "SET", "set", "1", ""}, {"FALSE", "false", "CLEAR", "clear", "0"}
_TYPES = {
    features.Feature.INT: schema_pb2.INT, features.Feature.FLOAT: schema_pb2.FLOAT, features.Feature.STRUCT: schema_pb2.STRUCT,
    features.Feature.STRING: schema_pb2.BYTES, features.Feature.BYTES: schema_pb2.BYTES,
}  # fmt: skip


def infer(dataset: statistics_pb2.DatasetFeatureStatistics, texts: Collection[str] = ()) -> schema_pb2.Schema:
    """Types, presence, shapes and domains by the rules of `tfdv.infer_schema`; columns in `texts` are natural language."""
    schema = schema_pb2.Schema()
    for found in dataset.features:
        name, common = features.name_of(found), features.common(found)
        feature = schema.feature.add(name=name, type=_TYPES[found.type])
        if common.num_non_missing:
            feature.presence.min_count = 1
        if not common.num_missing:
            feature.presence.min_fraction = 1.0
        _shape(feature, common)
        if name in texts:
            feature.natural_language_domain.SetInParent()
        else:
            _domain(schema, feature, found)
    return schema


def read(path: Path) -> schema_pb2.Schema:
    """Raises RunError where `path` is no schema.pbtxt."""
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        way_out = "start from the data/schema.pbtxt of a run"
        raise RunError(Problem("checks.schema_file", f"cannot be read ({error})", way_out, path)) from error


def write(schema: schema_pb2.Schema) -> str:
    return text_format.MessageToString(schema, as_utf8=True)


def _shape(feature: schema_pb2.Feature, common: statistics_pb2.CommonStatistics) -> None:
    low, high = common.min_num_values, common.max_num_values
    if not low:
        return
    if low == high and not common.num_missing:
        feature.shape.dim.add(size=low)
    elif low == high:
        feature.value_count.min, feature.value_count.max = low, high
    else:
        feature.value_count.min = 1


def _domain(schema: schema_pb2.Schema, feature: schema_pb2.Feature, found: features.Feature) -> None:
    if found.type == features.Feature.INT and found.num_stats.min >= 0 and found.num_stats.max == 1:
        feature.bool_domain.SetInParent()
    if found.type != features.Feature.STRING:
        return
    values = sorted(features.counts(found))
    true, false = ([value for value in values if value in known] for known in (_TRUE, _FALSE))
    if values and len(true) <= 1 and len(false) <= 1 and len(true) + len(false) == len(values):
        feature.bool_domain.SetInParent()
        if true:
            feature.bool_domain.true_value = true[0]
        if false:
            feature.bool_domain.false_value = false[0]
    elif values and all(is_integer(value) for value in values):
        feature.int_domain.SetInParent()
    elif values and max(len(values), found.string_stats.unique) <= LARGEST_DOMAIN:
        schema.string_domain.add(name=feature.name, value=values)
        feature.domain = feature.name


def is_integer(value: str) -> bool:
    """Whether a string is one of those that TFDV takes for an INT domain."""
    return value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()
