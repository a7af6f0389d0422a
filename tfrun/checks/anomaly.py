"""One thing that is wrong with the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tfrun.config.problems import shorten

_EXAMPLES = 5


@dataclass(frozen=True)
class Anomaly:
    """feature: a column; empty for a whole split. kind: what is wrong, one word of `KINDS`. figure, limit: measured, and allowed.

    split: where it is. examples: a few values, or what the roles call `ids`. text: one line with the way out.
    """

    feature: str
    kind: str
    split: str
    text: str
    figure: float | None = None
    limit: float | None = None
    examples: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.split}: {self.feature}: {self.text}" if self.feature else f"{self.split}: {self.text}"

    def plain(self) -> dict[str, Any]:
        return vars(self) | {"examples": list(self.examples)}


def few(values: Any) -> tuple[str, ...]:
    """The first of `values`, each in one short line."""
    return tuple(shorten(value, 60) for value, _ in zip(values, range(_EXAMPLES)))


def named(examples: tuple[str, ...], total: int | None = None) -> str:
    """`a, b, c and 4 more`."""
    rest = (total or 0) - len(examples)
    return ", ".join(examples) + (f" and {rest:,} more" if rest > 0 else "")


# What TFDV calls it (AnomalyInfo.Type); it has no name for the others.
KINDS = {
    "type": "UNEXPECTED_DATA_TYPE",
    "mixed_types": "UNEXPECTED_DATA_TYPE",
    "missing_column": "SCHEMA_MISSING_COLUMN",
    "new_column": "SCHEMA_NEW_COLUMN",
    "missing": "FEATURE_TYPE_LOW_FRACTION_PRESENT",
    "all_missing": "FEATURE_TYPE_NOT_PRESENT",
    "value_count": "FEATURE_TYPE_LOW_NUMBER_VALUES",
    "unexpected_values": "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
    "too_small": "FLOAT_TYPE_SMALL_FLOAT",
    "too_large": "FLOAT_TYPE_BIG_FLOAT",
    "nan": "FLOAT_TYPE_HAS_NAN",
    "infinity": "FLOAT_TYPE_HAS_INF",
    "drift": "COMPARATOR_L_INFTY_HIGH",
    "drift_numbers": "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "few_distinct": "FEATURE_TYPE_LOW_UNIQUE",
    "many_distinct": "FEATURE_TYPE_HIGH_UNIQUE",
    "few_rows": "DATASET_LOW_NUM_EXAMPLES",
    "embedding_drift": "CUSTOM_VALIDATION",
    "leakage": "CUSTOM_VALIDATION",
    "rare_class": "CUSTOM_VALIDATION",
    "constant": "CUSTOM_VALIDATION",
    "constant_label": "CUSTOM_VALIDATION",
    "missing_label": "CUSTOM_VALIDATION",
    "unseen_label": "CUSTOM_VALIDATION",
    "duplicates": "CUSTOM_VALIDATION",
    "shared_rows": "CUSTOM_VALIDATION",
    "near_duplicates": "CUSTOM_VALIDATION",
    "shared_near_duplicates": "CUSTOM_VALIDATION",
}
