"""Numbers on the command line, with the rule they have to keep in the message."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(low: int, high: float = math.inf) -> Callable[[str], int]:
    """For argparse's `type`: a whole number from `low` to `high`."""
    return _number(int, "a whole number", low, high)


def seconds(low: float = 0, high: float = math.inf) -> Callable[[str], float]:
    return _number(float, "seconds", low, high)


def real(low: float) -> Callable[[str], float]:
    return _number(float, "a number", low, math.inf)


def _number(kind: type, what: str, low: float, high: float) -> Callable:
    rule = f"must be {what} from {low:g}" + (f" to {high:g}" if high < math.inf else " up")

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text}: {rule}") from error
        if not low <= value <= high:  # not so for NaN
            raise argparse.ArgumentTypeError(f"{text}: {rule}")
        return value

    return parse
