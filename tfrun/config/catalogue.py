"""What there is to choose from: experiments, groups, options and their keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml

from tfrun.component import Component, plain
from tfrun.config.places import conf_folders, experiment_folders
from tfrun.config.problems import ConfigError, Problem, nearest
from tfrun.config.source import import_target

_NOT_GROUPS = ("hydra",)


@dataclass(frozen=True)
class Option:
    """One option of a group. values: what its YAML sets, over the defaults of `cls`. comment: its YAML's first line."""

    group: str
    name: str
    cls: type[Component]
    values: dict[str, Any]
    comment: str = ""

    @property
    def summary(self) -> str:
        return self.comment or (self.cls.__doc__ or "").strip().split("\n")[0]


@dataclass(frozen=True)
class Key:
    """One key of an option, as `show` and the reference print it."""

    name: str
    type: str
    unit: str
    default: str
    help: str


def experiments(config_dir: Path | None = None, broken: list[Problem] | None = None) -> dict[str, str]:
    """Names and descriptions; the user's own hide packaged ones of the same name. broken: see `options`."""
    found: dict[str, str] = {}
    for folder in experiment_folders(config_dir):
        for path in sorted(folder.rglob("*.yaml")):
            name, values = str(path.relative_to(folder).with_suffix("")), _whole(_read, path, broken)
            if values is not None:
                found.setdefault(name, str(values.get("description", "")))
    return found


def options(
    config_dir: Path | None = None, only: str = "*", broken: list[Problem] | None = None
) -> dict[str, dict[str, Option]]:
    """{group: {name: option}}, sorted by name. only: read no other group.

    broken: given, it gets what is wrong with files, and these are left out. Else ConfigError is raised for the first.
    """
    found: dict[str, dict[str, Option]] = {}
    for folder in conf_folders(config_dir):
        for path in sorted(folder.glob(f"{only}/*.yaml")):
            option = _whole(_option, path, broken)
            if option is not None:
                found.setdefault(option.group, {}).setdefault(option.name, option)
    return {group: dict(sorted(found[group].items())) for group in sorted(found)}


def option(text: str, config_dir: Path | None = None) -> Option:
    """text: `group=option`. Raises ConfigError with the nearest right name, or with what is wrong with files."""
    broken: list[Problem] = []
    every = options(config_dir, broken=broken)
    group, _, name = text.partition("=")
    if name in every.get(group, {}):
        return every[group][name]
    if broken:
        raise ConfigError(*broken)
    if group not in every:
        raise ConfigError(Problem(group, "no such group", nearest(group, every)))
    raise ConfigError(Problem(group, "no such option", nearest(name, every[group]), name))


def keys(cls: type[Component], values: dict[str, Any] | None = None, prefix: str = "") -> list[Key]:
    """The keys of a component with what its YAML sets (`values`) in the place of defaults; nested ones by dotted names."""
    rows = []
    for name, field in cls.model_fields.items():
        default = ... if field.is_required() else plain(field.get_default(call_default_factory=True))
        default = (values or {}).get(name, default)
        if (
            isinstance(field.annotation, type)
            and hasattr(field.annotation, "model_fields")
            and not issubclass(field.annotation, Component)
        ):
            rows += keys(field.annotation, values={}, prefix=f"{prefix}{name}.")
            continue
        unit = (field.json_schema_extra or {}).get("unit", "")
        rows.append(Key(prefix + name, type_name(field.annotation), unit, shown(default), field.description or ""))
    return rows


def shown(default: Any) -> str:
    return (
        "must be given"
        if default is ...
        else yaml.safe_dump(default, default_flow_style=True, width=1000).replace("\n...", "").strip()
    )


def type_name(annotation: Any) -> str:
    """A type as a person writes it: `int`, `one of best, last`, `list of str`, `float or null`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if str(origin) == "typing.Literal":
        return "one of " + ", ".join(map(str, inner))
    if hasattr(annotation, "__metadata__"):
        return type_name(inner[0])
    if origin is list:
        return f"list of {type_name(inner[0])}"
    if origin is tuple:
        return "[" + ", ".join(type_name(item) for item in inner) + "]"
    if origin is dict:
        return f"mapping of {type_name(inner[0])} to {type_name(inner[1])}"
    if inner:
        return " or ".join("null" if item is type(None) else type_name(item) for item in inner)
    return {"Path": "path", "str": "text"}.get(
        getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation))
    )


def _whole(read: Callable[[Path], Any], path: Path, broken: list[Problem] | None) -> Any:
    """What `read` makes of the file; None where it is broken and `broken` is told so."""
    try:
        return read(path)
    except ConfigError as error:
        if broken is None:
            raise
        broken += error.problems
        return None


def _option(path: Path) -> Option | None:
    """None where the file is no option."""
    group, name, values = path.parent.name, path.stem, _read(path)
    if group in _NOT_GROUPS or "_target_" not in values:
        return None
    cls = import_target(values.pop("_target_"), f"{group}={name}")
    values.pop("defaults", None)
    return Option(group, name, cls, values, _comment(path))


def _comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return "" if "@package" in first or not first.startswith("#") else first.lstrip("# ")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        reason = f"line {error.problem_mark.line + 1}: {error.problem}"
        raise ConfigError(Problem(str(path), f"is no YAML ({reason})", "mend it")) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(Problem(str(path), f"is no YAML ({reason})", "mend it")) from error
    if not isinstance(content, dict):
        raise ConfigError(Problem(str(path), "holds no mapping of keys to values", "mend it"))
    return content
