"""A composed mapping to a typed, frozen experiment, with all problems of all components at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from tfrun.component import Component
from tfrun.config.compose import compose, flat_keys, unknown_key
from tfrun.config.problems import UNSET, ConfigError, Problem, nearest
from tfrun.config.source import import_target
from tfrun.experiment import Experiment
from tfrun.provenance.secrets import resolved


def load(overrides: list[str] | None = None, config_dir: str | Path | None = None) -> Experiment:
    """Compose and validate an experiment, as the command line does.

    overrides: Hydra's grammar, e.g. `load(["+experiment=quickstart", "training.epochs=3"])`.
    config_dir: a folder of configs that goes before `./conf` and the packaged ones.
    Raises ConfigError with every problem found. Does not import TensorFlow.
    """
    config_dir = Path(config_dir) if config_dir else None
    if config_dir and not config_dir.is_dir():
        raise ConfigError(Problem("--config-dir", "is no folder", "give the folder that holds your configs", config_dir))
    mapping, problems = compose(list(overrides or []), config_dir)
    return from_mapping(mapping, problems)


def load_file(path: Path) -> Experiment:
    """The experiment in a run's `config.yaml`. Raises ConfigError when it cannot be read."""
    import yaml

    try:
        mapping = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(Problem(str(path), f"cannot be read ({reason})", "name the directory of a run")) from error
    if not isinstance(mapping, dict):
        raise ConfigError(Problem(str(path), "holds no experiment", "name the directory of a run"))
    return from_mapping(resolved(mapping))


def from_mapping(mapping: dict[str, Any], problems: list[Problem] | None = None) -> Experiment:
    """mapping: nested plain values, each component with its `_target_`.

    Raises ConfigError with the problems that are known already and all that the values have.
    """
    problems = list(problems or [])
    experiment = _build(mapping, "", problems, list(flat_keys(mapping)))
    if problems:
        raise ConfigError(*problems)
    if not isinstance(experiment, Experiment):
        raise ConfigError(Problem("config", "holds no experiment", "its _target_ is tfrun.experiment.Experiment"))
    return experiment


_BROKEN = object()


def _build(node: Any, path: str, problems: list[Problem], keys: list[str]) -> Any:
    """Innermost first; what fails is noted and left out of what holds it."""
    if isinstance(node, list):
        return [_build(item, f"{path}{index}.", problems, keys) for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    built = {
        key: _build(value, f"{path}{key}.", problems, keys)
        for key, value in node.items()
        if key != "_target_" and value != "???"
    }
    broken = {key for key, value in built.items() if _has_broken(value)}
    if "_target_" not in node:
        return _BROKEN if broken else built
    try:
        cls = import_target(node["_target_"], path.rstrip(".") or "config")
        return (
            cls(**{key: value for key, value in built.items() if key not in broken}) if not broken else _dry(cls, built, broken)
        )
    except ConfigError as error:
        problems += error.problems
    except ValidationError as error:
        problems += [
            _explain(item, cls, path, keys)
            for item in error.errors()
            if not (item["loc"] and item["loc"][0] in broken) and not _other_form(item)
        ]
    return _BROKEN


def _dry(cls: type[Component], built: dict[str, Any], broken: set[str]) -> Any:
    """Validates the sound fields of a component of which a part is broken, so that their problems show too."""
    cls(**{key: value for key, value in built.items() if key not in broken})
    return _BROKEN


def _has_broken(value: Any) -> bool:
    return value is _BROKEN or (isinstance(value, list) and any(item is _BROKEN for item in value))


_FORMS = ("function-", "constrained-", "literal[", "dict[")  # how pydantic names the members of a union


def _other_form(error: dict[str, Any]) -> bool:
    """A value that may be a word or a mapping is told what is wrong with the one that it is."""
    forms = [str(part) for part in error["loc"]]
    given = error.get("input")
    return (any(part.startswith("dict[") for part in forms) and isinstance(given, str)) or (
        any(part.startswith("literal[") for part in forms) and isinstance(given, dict)
    )


def _explain(error: dict[str, Any], cls: type[Component], path: str, keys: list[str]) -> Problem:
    loc = [str(part) for part in error["loc"] if not str(part).startswith(_FORMS)]
    key = path + ".".join(loc)
    value = error.get("input", UNSET)
    kind = error["type"]
    if kind == "missing":
        return Problem(key, "has to be given", f"add {key}=…{_help(cls, loc)}")
    if kind == "extra_forbidden":
        own = [known for known in keys if known not in (key,)] + [f"{path}{name}" for name in cls.model_fields]
        own += [f"{key.rpartition('.')[0]}.{name}" for name in _entries_of(cls, loc)]
        return unknown_key(key, [known for known in own if not known.startswith(f"{key}.")], value)
    if kind == "literal_error":
        options = [option.strip(" '") for option in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return Problem(key, f"must be one of {', '.join(options)}", _close_only(str(value), options), value)
    field = cls.model_fields.get(loc[0]) if loc else None
    if kind == "model_type" and field is not None and hasattr(field.annotation, "model_fields"):
        return Problem(
            key, "holds several keys", " ".join(f"{key}.{name}=…" for name in field.annotation.model_fields), _brief(value)
        )
    if kind in ("is_instance_of", "model_type"):
        return Problem(
            key, "is no component of this group", f"choose an option: see `python -m tfrun list {loc[0]}`", _brief(value)
        )
    rule = error["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("should be", "must be", 1)
    return Problem(key, rule[:1].lower() + rule[1:], "", _brief(value))


def _entries_of(cls: type[Component], loc: list[str]) -> list[str]:
    """Names of the keys of a mapping's entries, like those of `training.groups.NAME`."""
    inner = get_args(cls.model_fields[loc[0]].annotation) if len(loc) == 3 and loc[0] in cls.model_fields else ()
    return list(getattr(inner[-1], "model_fields", ())) if inner else []


def _brief(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, Component) else value


def _help(cls: type[Component], loc: list[str]) -> str:
    field = cls.model_fields.get(loc[0]) if loc else None
    return f" ({field.description})" if field and field.description else ""


def _close_only(value: str, options: list[str]) -> str:
    hint = nearest(value, options)
    return hint if hint.startswith("did") else ""
