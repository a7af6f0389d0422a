"""`sweep.json`: a sweep as it stands, for programs, for its page and for tracking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfrun.component import plain
from tfrun.config.problems import Problem, RunError
from tfrun.disk import write_atomically
from tfrun.provenance.secrets import referring, referring_overrides
from tfrun.record.result import finite

if TYPE_CHECKING:
    from tfrun.sweep.store import Trial
    from tfrun.sweep.study import Study

NAME = "sweep.json"


def write(study: Study, state: Literal["running", "done", "stopped"]) -> None:
    """stopped: before its end; it can be gone on with."""
    write_atomically(study.directory / NAME, json.dumps(summary(study, state), indent=1, ensure_ascii=False) + "\n")


def summary(study: Study, state: str) -> dict[str, Any]:
    """Paths of trials are relative to the sweep's directory. Times are seconds since 1970, durations seconds.

    best: number of a trial, or None. pareto: numbers; with one objective, the best alone and its equals.
    durations: trials: of all trials' work; wall: from the first start to the last end.
    """
    trials = [study.trials[number] for number in sorted(study.trials)]
    best = study.best()
    began = min((trial.began for trial in trials if trial.began), default=0.0)
    content = {
        "name": study.base.name,
        "state": state,
        "objectives": [{"name": n, "lower_is_better": lower} for n, lower in zip(study.names, study.lower, strict=True)],
        "space": study.variants.space.plain(),
        "fixed": referring_overrides(study.variants.space.fixed),
        "counts": {state: [t.state for t in trials].count(state) for state in dict.fromkeys(t.state for t in trials)},
        "best": None if best is None else best.number,
        "pareto": sorted(trial.number for trial in study.pareto()),
        "durations": {
            "trials": round(sum(trial.seconds for trial in trials), 3),
            "wall": round(max((trial.ended for trial in trials), default=began) - began, 3) if began else 0.0,
        },
        "trials": [_trial(trial, study) for trial in trials],
        "experiment": referring(plain(study.base)),
    }
    return finite(content)


def _trial(trial: Trial, study: Study) -> dict[str, Any]:
    named = dict(zip(study.names, trial.objectives, strict=True)) if trial.objectives else {}
    return {**vars(trial), "directory": Path(trial.directory).name, "objectives": named}


def is_sweep(directory: Path) -> bool:
    return (directory / NAME).is_file()


def read(directory: Path) -> dict[str, Any]:
    """Raises RunError where it is not there or cannot be read."""
    try:
        return json.loads((directory / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(Problem(str(directory), f"is no directory of a sweep: it holds no {NAME}")) from error
    except (OSError, ValueError) as error:
        raise RunError(Problem(str(directory / NAME), f"cannot be read ({error})")) from error
