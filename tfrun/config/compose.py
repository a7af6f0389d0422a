"""Overrides to one plain mapping, by Hydra; when that fails, every reason at once."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_origin

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tfrun.config.places import packaged
from tfrun.config.problems import ConfigError, Problem, nearest
from tfrun.config.source import import_target, registered
from tfrun.config.switched import without_stale

_HYDRA_ONLY = ("hydra.", "hydra/")
_ERRORS = (HydraException, OmegaConfBaseException, ValueError, yaml.YAMLError, OSError, AssertionError)


def compose(overrides: list[str], config_dir: Path | None = None) -> tuple[dict[str, Any], list[Problem]]:
    """The composed experiment as plain values (interpolations resolved, missing keys as `???`), and what is wrong.

    overrides: Hydra's grammar, e.g. `["+experiment=quickstart", "training.epochs=3"]`.
    There is one problem for each override or file that is wrong; the mapping is what the others compose to, so that
    its values can be checked too, and empty where nothing can be composed.
    """
    with _hydra(config_dir):
        try:
            return without_stale(_plain(hydra_compose("config", overrides)), overrides), []
        except ConfigError as error:
            return {}, error.problems
        except _ERRORS as error:
            mapping, problems = _diagnose(_with_open_mappings(overrides))
            return without_stale(mapping, overrides), problems or ([] if mapping else [_unexplained(error)])


def composed(overrides: list[str]) -> DictConfig:
    """The same with interpolations unresolved, so that values can still be put in. Raises ConfigError."""
    with _hydra(None):
        try:
            return hydra_compose("config", _with_open_mappings(overrides))
        except _ERRORS as error:
            _, problems = _diagnose(_with_open_mappings(overrides))
            raise ConfigError(*(problems or [_unexplained(error)])) from error


def opened(overrides: list[str], config_dir: Path | None = None) -> list[str]:
    """The overrides in the form that Hydra takes: `gate.metrics.loss=0.5` as `++gate.metrics.loss=0.5`.

    In a mapping with keys of the user's choice any key is right; Hydra itself takes a new one only with a plus.
    """
    with _hydra(config_dir):
        try:
            hydra_compose("config", overrides)
            return overrides
        except _ERRORS:
            return _with_open_mappings(overrides)


def _with_open_mappings(overrides: list[str]) -> list[str]:
    parsed = {text: override for text in overrides if isinstance(override := _parsed(text), Override)}
    choices = [text for text, override in parsed.items() if _is_group(override.key_or_group) and not _wrong_option(override)]
    base, _ = _base(choices)
    return [f"++{text}" if base and text in parsed and _is_entry(parsed[text], base) else text for text in overrides]


def _parsed(text: str) -> Override | Problem:
    try:
        (override,) = OverridesParser.create().parse_overrides([text])
    except OverrideParseException as error:
        return Problem(text, f"cannot be read ({_first_line(error)})", "write key=value, quoted for the shell")
    return override


def _is_entry(override: Override, composed: dict[str, Any]) -> bool:
    """Does it set an entry of a free mapping, or such a mapping as a whole, in plain form?"""
    path = override.key_or_group.split(".")
    plain_form = not (override.is_add() or override.is_force_add() or override.is_delete() or override.is_sweep_override())
    return plain_form and any(_takes_any_key(composed, path[:end]) for end in range(2, len(path) + 1))


@contextmanager
def _hydra(config_dir: Path | None):
    logging.getLogger("hydra").setLevel(logging.ERROR)
    around = GlobalHydra.instance().hydra  # a sweep composes its trials inside of Hydra's own run
    GlobalHydra.instance().clear()
    try:
        with registered(config_dir), initialize_config_dir(str(packaged("conf")), job_name="tfrun", version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = around


def _plain(config) -> dict[str, Any]:
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=False)


def _diagnose(overrides: list[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Each override is looked at by itself, so that one mistake does not hide the next."""
    problems, choices, values = [], [], []
    for text in overrides:
        override = _parsed(text)
        if isinstance(override, Problem):
            problems.append(override)
        elif override.key_or_group.startswith(_HYDRA_ONLY):
            choices.append(text)
        elif _is_group(override.key_or_group):
            problem = _wrong_option(override)
            problems.append(problem) if problem else choices.append(text)
        else:
            values.append(override)
    base, complete = _base(choices)
    if base is None:
        return {}, problems
    unknown = {override.input_line: problem for override in values if (problem := _unknown(override, base))}
    problems += unknown.values()
    sound = [override for override in values if override.input_line not in unknown]
    try:
        mapping = _plain(hydra_compose("config", [*choices, *(override.input_line for override in sound)]))
    except _ERRORS:
        mapping = {}
        problems += [problem for override in sound if complete and (problem := _refused(override, choices))]
    return mapping, problems


def _base(choices: list[str]) -> tuple[dict[str, Any] | None, bool]:
    """What the chosen options compose to, to look keys up in. A wrong choice may have left a group without an option."""
    for more in ([], [f"{group}={options[0]}" for group, options in _without_default(choices)]):
        try:
            composed = hydra_compose("config", [*choices, *more])
            return OmegaConf.to_container(composed, resolve=False, throw_on_missing=False), not more
        except _ERRORS:
            continue
    return None, False


def _without_default(choices: list[str]):
    chosen = {choice.partition("=")[0] for choice in choices}
    for group in ("dataset", "backbone"):
        if group not in chosen:
            yield group, _loader().get_group_options(group, ObjectType.CONFIG)


def _is_group(key: str) -> bool:
    parent, _, name = key.rpartition("/")
    return name in _loader().list_groups(parent)


def _wrong_option(override: Override) -> Problem | None:
    group = override.key_or_group
    if override.is_sweep_override():
        return Problem(group, "several values need a sweep", "add -m", override.get_value_string())
    options = _loader().get_group_options(group, ObjectType.CONFIG)
    value = override.value()
    chosen = value if isinstance(value, list) else [value]
    for option in chosen:
        if str(option) not in options and option is not None:
            what = "experiment" if group == "experiment" else f"option of '{group}'"
            return Problem(group, f"no such {what}", nearest(str(option), options), option)
    if group == "experiment" and not override.is_add():
        return Problem(group, "an experiment is added to the config", f"write +experiment={value}", value)
    if group != "experiment" and override.is_add():
        return Problem(group, "this group is in every experiment already", f"write {group}={value}", value)
    return None


def _unknown(override: Override, composed: dict[str, Any]) -> Problem | None:
    key, value = override.key_or_group, override.get_value_string()
    keys = list(flat_keys(composed))
    if override.is_sweep_override():
        return Problem(key, "several values need a sweep", "add -m", value)
    if key in keys or override.is_add() or override.is_force_add():
        return None
    return unknown_key(key, keys, value)


def _refused(override: Override, choices: list[str]) -> Problem | None:
    try:
        _plain(hydra_compose("config", [*choices, override.input_line]))
    except _ERRORS as error:
        key, value = override.key_or_group, override.get_value_string()
        return Problem(key, _first_line(error), "", value)
    return None


def _takes_any_key(composed: dict[str, Any], path: list[str]) -> bool:
    """Is this a mapping with keys of the user's choice, like `gate.metrics` or `dataset.split.values`?"""
    node, cls, field = composed, None, None
    for depth, name in enumerate(path):
        if isinstance(node, dict) and "_target_" in node:
            cls = import_target(node["_target_"], ".".join(path[:depth]))
        field = cls.model_fields.get(name) if cls is not None else None
        node = node.get(name) if isinstance(node, dict) else None
        cls = field.annotation if field is not None and hasattr(field.annotation, "model_fields") else None
    return len(path) > 1 and field is not None and get_origin(field.annotation) is dict


def unknown_key(key: str, keys: list[str], value: Any) -> Problem:
    """A key that nothing has, with the nearest one that something has."""
    keys = [known for known in keys if not known.endswith("_target_")]
    parent, _, leaf = key.rpartition(".")
    siblings = [known.removeprefix(f"{parent}.") for known in keys if known.startswith(f"{parent}.")] if parent else keys
    elsewhere = [known for known in keys if known.rpartition(".")[2] == leaf]
    hint = nearest(leaf if parent else key, siblings)
    owners = _owners(key)
    if not hint.startswith("did") and owners:
        hint = f"it is a key of {' and '.join(owners)}"
    elif not hint.startswith("did") and elsewhere:
        hint = f"did you mean '{elsewhere[0]}'?"
    elif hint.startswith("did") and parent:
        hint = hint.replace("mean '", f"mean '{parent}.", 1)
    elif parent and not siblings:
        hint = nearest(key, keys) if nearest(key, keys).startswith("did") else "see `python -m tfrun list`"
    return Problem(key, "no such key", hint, value)


def _owners(key: str) -> list[str]:
    """Options of its group that have this key, as `head=mlp`."""
    from tfrun.config.catalogue import options

    group, _, leaf = key.partition(".")
    choices = options(only=group, broken=[]).get(group, {}) if group.isidentifier() else {}
    return [f"{group}={option.name}" for option in choices.values() if leaf in option.cls.model_fields]


def flat_keys(config: dict[str, Any], prefix: str = ""):
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from flat_keys(value, f"{prefix}{key}.")


def _loader():
    return GlobalHydra.instance().config_loader()


def _unexplained(error: Exception) -> Problem:
    """What is wrong inside a YAML file rather than on the command line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        return Problem(f"{mark.name}, line {mark.line + 1}", f"is no YAML ({error.problem})", "mend it")
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        return Problem(group or "config", "no such option", nearest(option, error.options or []), option)
    if isinstance(error, OSError):
        return Problem(str(error.filename), f"cannot be read ({error.strerror})", "mend its permissions")
    mandatory = re.search(r"You must specify '([^']+)'", str(error))
    if mandatory:
        group = mandatory[1]
        options = _loader().get_group_options(group, ObjectType.CONFIG)
        return Problem(
            group, "has to be chosen", f"add {group}=… ({', '.join(options)}) or +experiment=… (`python -m tfrun list`)"
        )
    return Problem("config", _first_line(error), "see `python -m tfrun --help`")


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].split())
