"""The space of a sweep, in Hydra's grammar: `key=choice(a,b)`, `a,b`, `range(1,9)`, `interval(0,1)`, `tag(log,interval(1e-4,1e-1))`, `int(…)`."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, Quote, QuotedString
from hydra.errors import OverrideParseException

from tfrun.component import as_typed
from tfrun.config.problems import ConfigError, Problem

_WORD = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:-]*")  # needs no quotes
_NO_WORDS = frozenset({"null", "true", "false", "nan", "inf"})
Values = dict[str, Any]  # of one trial: {key as on the command line: value}


@dataclass(frozen=True)
class Choice:
    """One of `values`. ordered: they are numbers, of which neighbours are alike."""

    key: str
    values: tuple[Any, ...]
    ordered: bool = False

    def probes(self) -> list[Any]:
        """Enough of them to find what is wrong with any."""
        return list(self.values)

    def plain(self) -> dict[str, Any]:
        return {"choice": list(self.values)}


@dataclass(frozen=True)
class Interval:
    """A number in [low, high]. log: each factor of it is as likely as any other. whole: integers only."""

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, share: float) -> float | int:
        """share: of the interval, in [0, 1]."""
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(round(value), int(self.low)), int(self.high)) if self.whole else min(max(value, self.low), self.high)

    def share(self, value: float) -> float:
        """The other way round."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def probes(self) -> list[Any]:
        return [self.at(0.0), self.at(1.0)]

    def plain(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


Dimension = Choice | Interval


@dataclass(frozen=True)
class Space:
    """fixed: overrides that all trials share. dimensions: one a key, in order."""

    fixed: tuple[str, ...]
    dimensions: tuple[Dimension, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        return {dimension.key: dimension.plain() for dimension in self.dimensions}

    @property
    def combinations(self) -> int | None:
        """None: an interval has no end of values."""
        counts = [len(dimension.values) for dimension in self.dimensions if isinstance(dimension, Choice)]
        return math.prod(counts) if len(counts) == len(self.dimensions) else None

    def grid(self) -> Iterator[Values]:
        """Every combination. Raises ConfigError where a dimension is an interval."""
        for dimension in self.dimensions:
            if isinstance(dimension, Interval):
                rule = "an interval has no end of values"
                raise ConfigError(Problem(dimension.key, rule, "use choice(…) or range(…), or sweep=random", _shown(dimension)))
        keys = [dimension.key for dimension in self.dimensions]
        combinations = itertools.product(*(dimension.values for dimension in self.dimensions))
        return (dict(zip(keys, values, strict=True)) for values in combinations)  # no generator: what is wrong is told now

    def probes(self) -> Iterator[Values]:
        """Each value of each key once, beside the first values of the others."""
        first = {dimension.key: dimension.probes()[0] for dimension in self.dimensions}
        yield first
        for dimension in self.dimensions:
            for value in dimension.probes()[1:]:
                yield {**first, dimension.key: value}


def parse(overrides: list[str], search: dict[str, str]) -> Space:
    """overrides: of the command line. search: {key: sweep}, of an experiment file; the command line wins.

    Raises ConfigError with all that is wrong.
    """
    fixed, dimensions, problems = [], {}, []
    for text in overrides:
        try:
            (override,) = OverridesParser.create().parse_overrides([text])
        except OverrideParseException:
            fixed.append(text)  # compose names what cannot be read
            continue
        if override.is_sweep_override():
            _add(override, dimensions, problems)
        else:
            fixed.append(text)
    given = {text.lstrip("+~").partition("=")[0] for text in fixed}
    for key, sweep in search.items():
        if key in dimensions or key in given:
            continue
        try:
            (override,) = OverridesParser.create().parse_overrides([f"{key}={sweep}"])
        except OverrideParseException as error:
            problems.append(
                Problem(
                    f"search.{key}", f"cannot be read ({' '.join(str(error).split())[:100]})", "write e.g. choice(1,2)", sweep
                )
            )
            continue
        if override.is_sweep_override():
            _add(override, dimensions, problems)
        else:
            problems.append(
                Problem(f"search.{key}", "is one value", "give several: choice(1,2), interval(0,1), range(1,9)", sweep)
            )
    if problems:
        raise ConfigError(*problems)
    return Space(tuple(fixed), tuple(dimensions.values()))


def _add(override: Override, dimensions: dict[str, Dimension], problems: list[Problem]) -> None:
    key = override.key_or_group
    try:
        dimensions[key] = _dimension(key, override)
    except ValueError as error:
        problems.append(Problem(key, str(error), "", override.get_value_string()))


def _dimension(key: str, override: Override) -> Dimension:
    """Raises ValueError where it holds nothing."""
    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        low, high, log = float(sweep.start), float(sweep.end), "log" in sweep.tags
        if not low < high:
            raise ValueError("is an empty interval: the first number must be less than the second")
        if log and low <= 0:
            raise ValueError("a logarithmic interval begins above 0")
        return Interval(key, low, high, log, "int(" in override.get_value_string())
    if isinstance(sweep, Glob):
        raise ValueError("a glob is not taken: write the options out, as in choice(a,b)")
    values = tuple({_text(value): value for value in map(_plain, override.sweep_iterator())}.values())
    if not values:
        raise ValueError("holds no value")
    return Choice(key, values, all(isinstance(value, int | float) and not isinstance(value, bool) for value in values))


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, QuotedString) else value


def as_override(key: str, value: Any) -> str:
    """`key=value` as the command line takes it, and as a person may repeat it."""
    return f"{key}={_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool | None):
        return as_typed(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        plain = _WORD.fullmatch(value) and value.lower() not in _NO_WORDS
        return value if plain else QuotedString(value, Quote.single).with_quotes()
    return str(value)


def _shown(dimension: Dimension) -> str:
    return f"interval({dimension.low:g},{dimension.high:g})" if isinstance(dimension, Interval) else str(dimension.values)
