"""Whether a sweep that is gone on with is the one that was begun."""

from __future__ import annotations

from typing import Any

from tfrun.config.problems import UNSET, ConfigError, Problem

_GONE = "not there"
_SEARCHED = "searched in "


def refuse_another(before: dict[str, Any], now: dict[str, Any]) -> None:
    """before, now: {"space": {key: dimension}, "base": flat experiment, "sweep": settings}. Raises ConfigError with every difference."""
    problems = [
        *_differences(before["space"], now["space"], _range),
        *_differences(before["base"], now["base"], str),
        *_differences(before["sweep"], now["sweep"], str, "sweep."),
    ]
    searched = before["space"].keys() | now["space"].keys()
    problems = [problem for problem in problems if problem.key not in searched or _SEARCHED.split()[0] in problem.rule]
    if problems:
        raise ConfigError(*problems)


def _differences(before: dict[str, Any], now: dict[str, Any], shown, prefix: str = "") -> list[Problem]:
    found = []
    for key in [*before, *(key for key in now if key not in before)]:
        if before.get(key, _GONE) == now.get(key, _GONE):
            continue
        was = (
            f"was {_SEARCHED if shown is _range else ''}{shown(before[key])}"
            if key in before
            else f"was not {_SEARCHED.split()[0]}"
        )
        value = shown(now[key]) if key in now else UNSET
        found.append(Problem(prefix + key, f"{was} when this sweep was begun", "give the same, or start a new sweep", value))
    return found


def _range(dimension: dict[str, Any]) -> str:
    """As on the command line."""
    if "choice" in dimension:
        return f"choice({','.join(map(str, dimension['choice']))})"
    text = f"interval({dimension['low']:g},{dimension['high']:g})"
    text = f"tag(log,{text})" if dimension["log"] else text
    return f"int({text})" if dimension["whole"] else text


def flat(mapping: Any, prefix: str = "") -> dict[str, Any]:
    """{"a.b": value} of nested mappings."""
    if not isinstance(mapping, dict) or not mapping:
        return {prefix: mapping}
    found = {}
    for key, value in mapping.items():
        found |= flat(value, f"{prefix}.{key}" if prefix else key)
    return found
