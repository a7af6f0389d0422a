"""What every config group's classes are made of: frozen, typed, validated; config and builder in one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# The classes of these packages themselves are protocols; options are in the files below.
_GROUPS = frozenset(
    [
        "dataset",
        "transform",
        "augment",
        "backbone",
        "head",
        "optimizer",
        "schedule",
        "training",
        "strategy",
        "evaluation",
        "export",
        "gate",
        "tracking",
        "sweep",
    ]
)


class Settings(BaseModel):
    """A typed, frozen part of a component. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, but without what was found out of the values before: it would carry cached properties over."""
        copied = super().model_copy(update=update, deep=deep)
        for name in vars(copied).keys() - type(self).model_fields.keys():
            del vars(copied)[name]
        return copied


class Component(Settings):
    """One option of a config group. A YAML names it by `_target_`; Python calls the class.

    Raises pydantic.ValidationError with all its problems when a value breaks a rule.
    """

    @model_validator(mode="after")
    def _is_an_option(self):
        if type(self).__module__.removeprefix("tfrun.") in _GROUPS:
            raise ValueError("names no option of its group: choose one, or give its _target_")
        return self


def target(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def setting(default: Any = ..., help: str = "", unit: str = "", **rules: Any) -> Any:
    """A field with what `show` and the reference print: its help, its unit and its rules."""
    extra = {"unit": unit} if unit else {}
    if callable(default) and default is not ...:
        return Field(default_factory=default, description=help, json_schema_extra=extra, **rules)
    return Field(default, description=help, json_schema_extra=extra, **rules)


def plain(value: Any) -> Any:
    """`value` as YAML can hold it: components become mappings with their `_target_`, paths strings, tuples lists."""
    if isinstance(value, BaseModel):
        head = {"_target_": target(type(value))} if isinstance(value, Component) else {}
        return {**head, **{name: plain(getattr(value, name)) for name in type(value).model_fields}}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def as_typed(value: Any) -> Any:
    """As a person types it: `null`, `true` and `false`; other values as they are."""
    return {None: "null", True: "true", False: "false"}[value] if isinstance(value, bool | None) else value


def defaults_of(cls: type[Settings]) -> dict[str, Any]:
    """The keys of `cls` with their defaults; `???` (Hydra's "must be given") where there is none."""
    return {
        name: "???" if field.is_required() else plain(field.get_default(call_default_factory=True))
        for name, field in cls.model_fields.items()
    }
