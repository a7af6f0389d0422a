"""A JSON Schema of experiment files, so that editors complete keys and mark mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from tfrun.component import Component, Settings
from tfrun.config.catalogue import Option, options
from tfrun.experiment import Experiment


def experiment_schema(config_dir: Path | None = None) -> dict[str, Any]:
    """Every group accepts the keys of any of its options; which option is in force stands in `defaults`."""
    every = options(config_dir)
    classes = list(dict.fromkeys(option.cls for group in every.values() for option in group.values()))
    classes += [cls for name in Experiment.model_fields if (cls := _settings(name)) and cls not in classes]
    references, definitions = models_json_schema([(cls, "validation") for cls in classes], ref_template="#/$defs/{model}")
    refs = {cls: references[(cls, "validation")] for cls in classes}
    for definition in definitions["$defs"].values():
        definition.pop("required", None)  # an experiment file names only what it is about
    own = {name: _own_field(name, refs) for name in Experiment.model_fields if name not in every}
    groups = {group: _group_schema(group, list(choices.values()), refs) for group, choices in every.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tfrun experiment",
        "type": "object",
        "properties": {"defaults": _defaults(every), **own, **groups, "hydra": {"type": "object"}},
        "additionalProperties": False,
        "$defs": definitions["$defs"],
    }


def _own_field(name: str, refs: dict[type[Settings], dict]) -> dict[str, Any]:
    """Of a key that is no group; one with keys of its own refers to their class."""
    return {"description": Experiment.model_fields[name].description, **refs.get(_settings(name), {})}


def _settings(name: str) -> type[Settings] | None:
    """The class of a key like `checks`, which is one class and no group."""
    cls = Experiment.model_fields[name].annotation
    return cls if isinstance(cls, type) and issubclass(cls, Settings) and not issubclass(cls, Component) else None


def _group_schema(group: str, choices: list[Option], refs: dict[type[Component], dict]) -> dict[str, Any]:
    distinct = list(dict.fromkeys(option.cls for option in choices))
    if group == "export":
        return {"type": "object", "properties": {option.name: refs[option.cls] for option in choices}}
    return {"anyOf": [refs[cls] for cls in distinct]}


def _defaults(every: dict[str, dict[str, Option]]) -> dict[str, Any]:
    names = {
        f"override /{group}": {"type": "array", "items": {"enum": list(choices)}}
        if group == "export"
        else {"enum": list(choices)}
        for group, choices in every.items()
    }
    item = {"type": "object", "properties": names}
    return {"type": "array", "items": {"anyOf": [item, {"type": "string"}]}, "description": "which option of each group"}
