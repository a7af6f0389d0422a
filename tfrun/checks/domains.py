"""Values against the domain that a schema gives them: categories, ranges, NaN and infinities."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tensorflow_metadata.proto.v0 import schema_pb2

from tfrun.checks import features
from tfrun.checks.anomaly import Anomaly, few, named
from tfrun.checks.schema import is_integer


def outside(
    schema: schema_pb2.Schema, feature: schema_pb2.Feature, found: features.Feature, split: str, share: float
) -> Iterator[Anomaly]:
    """share: of values that may be outside the domain of categories."""
    if features.is_number(found):
        yield from _range(feature, found, split)
    elif found.type == features.Feature.STRING:
        yield from _categories(schema, feature, found, split, share)


def _range(feature: schema_pb2.Feature, found: features.Feature, split: str) -> Iterator[Anomaly]:
    low, high = found.num_stats.min, found.num_stats.max
    least, most = _limits(feature)
    if least is not None and low < least:
        text = f"has {low:g}, below the schema's {least:g}; mend the values, or the domain's `min`"
        yield Anomaly(feature.name, "too_small", split, text, low, least, few([f"{low:g}"]))
    if most is not None and high > most:
        text = f"has {high:g}, above the schema's {most:g}; mend the values, or the domain's `max`"
        yield Anomaly(feature.name, "too_large", split, text, high, most, few([f"{high:g}"]))


def _limits(feature: schema_pb2.Feature) -> tuple[float | None, float | None]:
    kind = feature.WhichOneof("domain_info")
    if kind == "bool_domain":
        return 0.0, 1.0
    if kind not in ("int_domain", "float_domain"):
        return None, None
    domain = getattr(feature, kind)
    return domain.min if domain.HasField("min") else None, domain.max if domain.HasField("max") else None


def _categories(
    schema: schema_pb2.Schema, feature: schema_pb2.Feature, found: features.Feature, split: str, share: float
) -> Iterator[Anomaly]:
    is_known = _known(schema, feature)
    new = {value: count for value, count in features.counts(found).items() if not is_known(value)}
    total = features.common(found).tot_num_values
    figure = sum(new.values()) / total if total else 0.0
    if new and figure > share:
        shown = tuple(f"{value} ({new[full] / total:.1%})" for value, full in zip(few(new), new))
        text = (
            f"has values that the schema does not know, {figure:.2%} of all: {named(shown, len(new))}; mend them, or add them"
        )
        yield Anomaly(feature.name, "unexpected_values", split, f"{text} to the schema", figure, share, few(new))


def _known(schema: schema_pb2.Schema, feature: schema_pb2.Feature) -> Callable[[str], bool]:
    """Whether a string is in the domain of the feature; a domain that does not name its values has all."""
    kind = feature.WhichOneof("domain_info")
    if kind == "domain":
        domains = {domain.name: set(domain.value) for domain in schema.string_domain}
        return domains[feature.domain].__contains__ if feature.domain in domains else _any
    if kind == "string_domain":
        return set(feature.string_domain.value).__contains__
    if kind == "bool_domain":
        return {feature.bool_domain.true_value, feature.bool_domain.false_value}.__contains__
    return is_integer if kind == "int_domain" else _any


def _any(_: str) -> bool:
    return True
