"""Secrets stay out of what is written: masked in text, and in config.yaml a reference to an environment variable.

A secret is the value of a key or variable with a name like `password`, `api_key` or `hf_token`; the user and password of an
address; and the same of a query (`?token=…`). The variables of the environment are looked at each time, so nothing is remembered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tfrun.config.problems import ConfigError, Problem

MASK = "***"
_OWN = "TFRUN_SECRET_"  # variables for secrets that were typed into the config
_NO_SECRETS = ("PWD", "OLDPWD")
_SHORTEST = 6  # characters of a value of the environment that is looked for inside of text: `1` or `true` would be everywhere

_WORDS = r"pass(?:word|wd|phrase)|pwd|secrets?|token|credentials?|authorization"
_PAIRS = r"(?:api|access|private|account|auth|encryption)[_.-]?key"
_NAME = re.compile(rf"(?:^|[^a-z])(?:{_WORDS}|{_PAIRS})(?:$|[^a-z])", re.IGNORECASE)
_HARMLESS = re.compile(r"[_.-](?:env|file|path|name|type|id|length|count|url|uri|source)$", re.IGNORECASE)
_KEY = rf"(?<![A-Za-z])(?:{_WORDS}|{_PAIRS})(?![A-Za-z])[\w.-]{{0,60}}"  # from its telling word on

_TELLING = re.compile(r"://|Bearer |Basic |pass|pwd|secret|token|credential|authoriz|key", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/@\s'\"]{1,300}(?=@)")  # of an address, with its password
_GIVEN = re.compile(rf"(?P<key>{_KEY})(?P<by>[\"']?\s*(?P<sign>[=:])\s*[\"']?)(?P<value>[^\s\"',;&)}}\]]+)", re.IGNORECASE)
_BEFORE_COLON = re.compile(r"(?:^|\n)[+\- ]?[ \t]*[\"']?[\w.-]*$|[\"'{,]\s*[\w.-]*$")  # else it is a sentence with a colon
_BEARER = re.compile(r"(?<=\bBearer )[\w.~+/=-]+|(?<=\bBasic )[\w+/=-]{8,}")
_REFERENCE = re.compile(r"\$\{oc\.env:([A-Za-z_]\w*)\}")


def is_secret_name(name: str) -> bool:
    """Of a key of the config or a variable of the environment."""
    if not _TELLING.search(name):
        return False
    spelt = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # apiKey
    return bool(_NAME.search(spelt)) and not _HARMLESS.search(spelt)


def masked(text: str) -> str:
    """`text` without the secrets in it."""
    return _masked(text, _in_environment())


def _masked(text: str, known: list[tuple[str, str]]) -> str:
    for _, value in known:
        if value in text:
            text = text.replace(value, MASK)
    if not _TELLING.search(text):  # as most are; it spares the slower patterns
        return text
    text = _USER.sub(_unless_reference, text)
    text = _BEARER.sub(MASK, text)
    return _GIVEN.sub(_masked_value, text)


def mask_file(path: Path) -> None:
    """Nothing is done to a file without secrets."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    shown = masked(text)
    if shown != text:
        path.write_text(shown, encoding="utf-8", errors="surrogateescape")


def masked_values(value: Any) -> Any:
    """Plain values, nested as they may be, without the secrets in them."""
    return _masked_values(value, "", _in_environment())


def _masked_values(value: Any, name: str, known: list[tuple[str, str]]) -> Any:
    if isinstance(value, dict):
        return {key: _masked_values(item, str(key), known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_values(item, name, known) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return MASK if name and is_secret_name(name) else _masked(value, known)


def referring(mapping: dict[str, Any]) -> dict[str, Any]:
    """`mapping` (a config in plain values) with `${oc.env:NAME}` in the place of secrets.

    NAME is the variable that has the value; for what was typed, one that is set here for this process and its children.
    """
    known = _in_environment()
    return {key: _referring(value, str(key), known) for key, value in mapping.items()}


def referring_overrides(overrides: Iterable[str]) -> list[str]:
    """The same for `key=value` of a command line; Hydra resolves the references."""
    parts = [override.partition("=") for override in overrides]
    return [f"{key}{sign}{referring({key.lstrip('+~'): value})[key.lstrip('+~')]}" for key, sign, value in parts]


def resolved(value: Any, path: str = "config") -> Any:
    """`referring` undone. Raises ConfigError for a variable that is not set."""
    if isinstance(value, dict):
        return {key: resolved(item, f"{path}.{key}" if path != "config" else str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, f"{path}.{number}") for number, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def lookup(match: re.Match) -> str:
        if match[1] not in os.environ:
            rule = f"is kept in the environment variable {match[1]}, which is not set"
            raise ConfigError(Problem(path, rule, f"set it: export {match[1]}=…"))
        return os.environ[match[1]]

    return _REFERENCE.sub(lookup, value)


def _referring(value: Any, path: str, known: list[tuple[str, str]]) -> Any:
    if isinstance(value, dict):
        return {key: _referring(item, f"{path}.{key}", known) for key, item in value.items()}
    if isinstance(value, list):
        return [_referring(item, f"{path}.{number}", known) for number, item in enumerate(value)]
    if not isinstance(value, str) or not value:
        return value
    secrets = {variable: secret for variable, secret in known if secret in value}
    for variable, secret in secrets.items():
        value = value.replace(secret, f"${{oc.env:{variable}}}")
    for secret in _typed(value, re.sub(r"(\.\d+)+$", "", path).rpartition(".")[2]):
        value = value.replace(secret, f"${{oc.env:{_variable(path, secret)}}}")
    return value


def _typed(value: str, key: str) -> Iterator[str]:
    """The secrets in one value of a config, longest first; a reference is none."""
    if is_secret_name(key):
        found = {value}
    else:
        found = {match[0] for match in _USER.finditer(value)} | {
            match["value"] for match in _GIVEN.finditer(value) if match["sign"] == "="
        }
    yield from sorted((secret for secret in found if not _REFERENCE.search(secret) and secret != MASK), key=len, reverse=True)


def _variable(path: str, secret: str) -> str:
    """A variable of this process that holds the secret; one that is free is set."""
    base = _OWN + re.sub(r"\W", "_", path).upper()
    for number in range(1, 100):
        name = base if number == 1 else f"{base}_{number}"
        if os.environ.setdefault(name, secret) == secret:
            return name
    raise ConfigError(Problem(path, "holds a hundred secrets in one process", "put it into an environment variable"))


def _in_environment() -> list[tuple[str, str]]:
    """(variable, secret), the longest secrets first."""
    found = []
    for name, value in os.environ.items():
        secret = (
            is_secret_name(name) and name not in _NO_SECRETS and not os.path.exists(value)
        )  # a path of a file with it is none
        if secret or name.startswith(_OWN) or ("://" in value and _USER.search(value)):
            found.append((name, value))
    return sorted((item for item in found if len(item[1]) >= _SHORTEST), key=lambda item: (-len(item[1]), item[0]))


def _masked_value(match: re.Match) -> str:
    before = match.string[max(0, match.start() - 80) : match.start()]
    sentence = match["sign"] == ":" and not _BEFORE_COLON.search(before)
    if sentence or match["value"].startswith(("${", MASK)) or _HARMLESS.search(match["key"]):
        return match[0]
    return f"{match['key']}{match['by']}{MASK}"


def _unless_reference(match: re.Match) -> str:
    return match[0] if match[0].startswith("${") else MASK
