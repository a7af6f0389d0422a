"""Which slices: as the command line and `evaluation.slices` name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tfrun.config.problems import ConfigError, Problem
from tfrun.evaluation.slices import CROSS, edges_of

Slices = list[tuple[str, ...]]


def parsed(text: str) -> Slices:
    """`carrier,origin,carrier×origin`, or as in a config `[carrier,[carrier,origin]]`. Raises ConfigError for anything else."""
    if text.lstrip().startswith("["):
        return named_in(_listed(text))
    items = [[name.strip() for name in item.split(CROSS.strip())] for item in text.split(",") if item.strip()]
    return named_in([names[0] if len(names) == 1 else names for names in items])


def _listed(text: str) -> list[str | list[str]]:
    way_out = "as [carrier,[carrier,origin]]"
    try:
        items = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(Problem("--slices", "is no YAML list", way_out, text)) from error
    wrong = [
        Problem("--slices", "names no column, nor columns to cross", way_out, item)
        for item in items
        if not (isinstance(item, str) or (isinstance(item, list) and item and all(isinstance(name, str) for name in item)))
    ]
    if wrong:
        raise ConfigError(*wrong)
    return items


def named_in(slices: Sequence[str | Sequence[str]]) -> Slices:
    """Without `auto`, which looks at all rows at once."""
    named = [(item,) if isinstance(item, str) else tuple(item) for item in slices if item != "auto"]
    return list(dict.fromkeys(named))


def columns(slices: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for item in slices for name in item))


def edges(result: Mapping[str, Any], name: str) -> list[float]:
    """Where the run has cut a column of numbers, to six digits; [] where it did not. result: of `record.result.read`."""
    for sliced, values in result["slices"].get("test", {}).items():
        names = sliced.split(CROSS)
        parts = [value.split(CROSS) for value in values]
        if name in names and all(len(part) == len(names) for part in parts):
            return edges_of(part[names.index(name)] for part in parts)
    return []
