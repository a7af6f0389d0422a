"""`gate=none` over an experiment that sets `gate.metrics`: what was meant for the option left behind goes with it."""

from __future__ import annotations

from typing import Any

from tfrun.config.source import import_target


def without_stale(mapping: dict[str, Any], overrides: list[str]) -> dict[str, Any]:
    """`mapping` without the keys that an option chosen on the command line does not have.

    Only keys that another option of the group has go, and none that stands on the command line too: a misspelt key,
    wherever it is, is still refused.
    """
    typed = {override.lstrip("+~").partition("=")[0] for override in overrides}
    mapping = {"export": {}, **mapping}  # Hydra leaves no trace of `export=[]`
    switched = [group for group in typed if isinstance(mapping.get(group), dict)]
    return {**mapping, **{group: _pruned(group, mapping[group], typed) for group in switched}}


def _pruned(group: str, node: dict[str, Any], typed: set[str]) -> dict[str, Any]:
    if "_target_" in node:
        known = {"_target_", *import_target(node["_target_"], group).model_fields}
    else:  # export: one component a target
        known = {name for name, value in node.items() if isinstance(value, dict) and "_target_" in value}
    stale = _others(group) - known
    return {key: value for key, value in node.items() if key not in stale or _is_typed(f"{group}.{key}", typed)}


def _others(group: str) -> set[str]:
    """Keys of any option of the group; for `export`, the targets."""
    from tfrun.config.catalogue import options

    choices = options(only=group, broken=[]).get(group, {})
    return set(choices) if group == "export" else {key for option in choices.values() for key in option.cls.model_fields}


def _is_typed(key: str, typed: set[str]) -> bool:
    return any(name == key or name.startswith(f"{key}.") for name in typed)
