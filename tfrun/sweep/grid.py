"""Every combination of the values."""

from __future__ import annotations

from typing import ClassVar

from tfrun.component import setting
from tfrun.sweep import Engine, Suggestion, Sweep


class Grid(Sweep):
    """All combinations of choices and ranges, in the order of the command line. Intervals are refused."""

    trials: int | None = setting(None, "most trials; null: all combinations", ge=1)
    learns: ClassVar[bool] = False

    def engine(self, space, lower_is_better, epochs):
        return Listed(space.grid(), self.trials)


class Listed(Engine):
    """Suggests what an iterator gives, up to `most`."""

    def __init__(self, values, most: int | None):
        self._values, self._most, self._asked = iter(values), most, 0

    def ask(self):
        if self._asked == self._most:
            return None
        values = next(self._values, None)
        if values is None:
            self._most = self._asked
            return None
        self._asked += 1
        return Suggestion(self._asked - 1, values)

    def tell(self, report):
        pass  # what comes next does not depend on it
