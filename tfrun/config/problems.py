"""What is wrong, in one line a person can act on: the key, the value, the rule, the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

UNSET = object()
_MANY = 20  # names in one line


@dataclass(frozen=True, eq=False)
class Problem:
    """One thing to mend.

    key: the config key, as typed on the command line (`training.epochs`), or a file for bad input.
    rule: what has to hold. way_out: what to do about it. value: what was given (UNSET where nothing was).
    """

    key: str
    rule: str
    way_out: str = ""
    value: Any = UNSET

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and str(self) == str(other)

    def __hash__(self) -> int:  # a value may be a list
        return hash(str(self))

    def __str__(self) -> str:
        given = "" if self.value is UNSET else f" = {shorten(self.value)}"
        return f"{self.key}{given}: {self.rule}" + (f"; {self.way_out}" if self.way_out else "")


class TfrunError(Exception):
    """A failure that is explained to the user in one line a problem; `exit_code` is the process's."""

    exit_code = 1
    status = "failed"  # of the run, in result.json

    def __init__(self, *problems: Problem):
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


class ConfigError(TfrunError):
    """The config is wrong (exit code 2)."""

    exit_code = 2


class RunError(TfrunError):
    """The run could not be done (exit code 1)."""


class DataError(TfrunError):
    """The data failed a check (exit code 4)."""

    exit_code = 4


class Interrupted(RunError):
    """The run was cut short from outside and can be gone on with (exit code 75: start me again)."""

    exit_code = 75
    status = "interrupted"


def shorten(value: Any, limit: int = 120) -> str:
    """`value` in one line of at most `limit` characters, the way a YAML shows it."""
    shown = {None: "null", True: "true", False: "false"}.get(value) if isinstance(value, bool | None) else str(value)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def nearest(name: str, names: Iterable[str]) -> str:
    """`did you mean 'x'?` for the closest of `names`, or what there is to choose from."""
    names = sorted(set(map(str, names)))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if len(names) > _MANY:
        return "`python -m tfrun list` and `show` name what there is"
    return f"choose from {', '.join(names)}" if names else ""
