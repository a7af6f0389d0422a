"""A length of training in the unit that suits it: steps, epochs, examples or percent of the whole."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_FORM = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(%|percent|epochs?|steps?|examples?)\s*$")
_RULE = "must be like '100 steps', '2 epochs', '5000 examples' or '10 %'"


def _parse(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(_RULE)
    if isinstance(value, int | float):
        if value != 0:
            raise ValueError(f"{_RULE}: a bare number has no unit")
        return "0 steps"
    match = _FORM.match(value)
    if not match:
        raise ValueError(_RULE)
    number, unit = match.groups()
    unit = "%" if unit in ("%", "percent") else unit.rstrip("s") + "s"
    return f"{number} {unit}"


def _bounded(value: str) -> str:
    number, unit = value.split()
    if unit == "%" and float(number) > 100:
        raise ValueError("must be at most 100 %")
    return value


Duration = Annotated[str, BeforeValidator(_parse), AfterValidator(_bounded)]


def steps(duration: str, *, total: int, examples: int, batch_size: int) -> int:
    """How many optimizer steps `duration` is.

    total: steps of the whole phase (what a percentage is of). examples: rows in the training split.
    """
    number, unit = duration.split()
    amount = float(number)
    exact = {
        "steps": amount,
        "epochs": amount * examples / batch_size,
        "examples": amount / batch_size,
        "%": amount / 100 * total,
    }[unit]
    return round(exact)
