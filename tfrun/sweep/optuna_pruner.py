"""A pruner of Optuna's, shown the curves of the trials."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import TrialState

from tfrun.sweep.pruner import Curves


class OptunaPruner:
    """pruner: Optuna's. It has a study of its own, of which each trial mirrors one of ours: measurements at whole epochs, its end."""

    def __init__(self, pruner: optuna.pruners.BasePruner, metric: str, lower_is_better: bool, epochs: float):
        self.metric, self.epochs, self.name = metric, epochs, type(pruner).__name__
        self._study = optuna.create_study(
            study_name="sweep", pruner=pruner, direction="minimize" if lower_is_better else "maximize"
        )
        self._trials: dict[int, optuna.Trial] = {}
        self._shown: dict[int, int] = {}  # last epoch that it has seen of each
        self._condemned: set[int] = set()  # by its last measurement
        self._over: set[int] = set()

    def why(self, number: int, curves: Curves, states: dict[int, str]) -> str:
        """A line where the trial should stop now, else ''."""
        self._mirror(curves, states)
        shown = self._shown.get(number, 0)
        if shown >= self.epochs or number not in self._condemned:
            return ""
        return f"{self.name} of Optuna stops it after {shown} epochs"

    def _mirror(self, curves: Curves, states: dict[int, str]) -> None:
        for number in range(max(states, default=-1) + 1):
            if number not in self._trials:
                self._trials[number] = self._study.ask()
            trial = self._trials[number]
            if number in self._over:
                continue
            last = None
            for epoch, value in self._measured(curves.get(number, [])):
                if epoch > self._shown.get(number, 0):
                    trial.report(value, epoch)
                    self._shown[number] = epoch
                    if trial.should_prune():  # asked at each: rungs are kept
                        self._condemned.add(number)
                    else:
                        self._condemned.discard(number)
                last = value
            self._end(number, states.get(number, "failed"), last)

    def _measured(self, rows: list[dict[str, Any]]) -> list[tuple[int, float]]:
        """(whole epochs, value), the first measurement at each."""
        found: dict[int, float] = {}
        for row in rows:
            value = row.get("validation", {}).get(self.metric)
            if value is not None and int(row["epoch"]) > 0:
                found.setdefault(int(row["epoch"]), value)
        return list(found.items())

    def _end(self, number: int, state: str, last: float | None) -> None:
        told = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}.get(state)
        if told is None:
            return
        self._over.add(number)
        if told == TrialState.COMPLETE and last is None:
            told = TrialState.FAIL
        self._study.tell(self._trials[number], last if told == TrialState.COMPLETE else None, state=told)
