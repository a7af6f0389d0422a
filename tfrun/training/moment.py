"""Where in training a step is: what makes randomness in layers a function of the seed and the step alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moment:
    """step: int32 scalar tensor. first: int32 scalar tensor, place of the first row at hand in the whole batch. rows: of that."""

    step: Any
    first: Any
    rows: int


_now: ContextVar[Moment | None] = ContextVar("moment", default=None)


def now() -> Moment | None:
    """None outside of a training step."""
    return _now.get()


@contextmanager
def at(moment: Moment) -> Iterator[None]:
    """While a step is traced."""
    token = _now.set(moment)
    try:
        yield
    finally:
        _now.reset(token)
