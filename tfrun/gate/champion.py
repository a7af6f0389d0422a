"""The model in use, asked for the same test rows as the new one."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.config.problems import TfrunError
from tfrun.evaluation.groups import grouped
from tfrun.evaluation.interval import paired_difference
from tfrun.task import task_in

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.export.held import Held

REGISTRY = "registry"


def against_champion(experiment: Experiment, held: Held) -> dict[str, Any]:
    """{champion, metric, ours, theirs, difference, interval, rows}; {champion, problem} where they cannot be compared; {} where
    no champion is asked for, {champion, none} where there is none yet.

    The champion's exported SavedModel answers in a process of its own. Its labels may be in another order, but have to be the
    same ones. The interval is that of a paired bootstrap.
    """
    if not experiment.gate.compared_with():
        return {}
    with tempfile.TemporaryDirectory(prefix="tfrun-champion-") as scratch:
        try:
            found = _found(experiment, Path(scratch))
            if found is None:
                return {"champion": REGISTRY, "none": f"no version of {_name(experiment)} is champion yet"}
            name, exports = found
            return {"champion": name, **_compared(experiment, held, exports)}
        except (TfrunError, RuntimeError, OSError, ValueError, KeyError) as error:  # what is wrong with it is the finding
            return {"champion": experiment.gate.compared_with(), "problem": str(error)}


def _name(experiment: Experiment) -> str:
    return getattr(experiment.tracking, "model", None) or experiment.name


def _found(experiment: Experiment, scratch: Path) -> tuple[str, Path] | None:
    """What it is called, and the folder with `saved_model` and `contract.json`."""
    if experiment.gate.compared_with() != REGISTRY:
        directory = Path(experiment.gate.compared_with())
        return str(directory), directory / "exports"
    from tfrun.tracking.registry import fetch_champion

    return fetch_champion(experiment.tracking.store(experiment.runs), _name(experiment), scratch)


def _compared(experiment: Experiment, held: Held, exports: Path) -> dict[str, Any]:
    from tfrun.export.measure import Worker
    from tfrun.export.module import SIGNATURE

    contract = json.loads((exports / "contract.json").read_text(encoding="utf-8"))
    order = _order(contract["labels"], held.classes)
    _refuse_another_task(contract, held)
    with Worker("saved_model") as worker:
        theirs = worker.answers(exports / "saved_model", held.batches(SIGNATURE), SIGNATURE, held.output)
    theirs = theirs[:, order] if order else theirs
    if not np.isfinite(theirs).all():
        raise ValueError("it gives NaN or infinity")
    evaluation, labels = experiment.evaluation, held.split.labels

    def measure(some: np.ndarray, probabilities: np.ndarray) -> float:
        return evaluation.headline(some, probabilities, probabilities.shape[1])

    ours, base = measure(labels, held.probabilities), measure(labels, theirs)
    interval = paired_difference(measure, labels, held.probabilities, theirs)
    if interval is None:
        raise ValueError(f"{evaluation.primary} is not defined on these rows")
    return {
        "metric": evaluation.primary,
        "ours": ours,
        "theirs": base,
        "difference": ours - base,
        "interval": interval,
        "rows": len(labels),
    }


def _refuse_another_task(contract: dict, held: Held) -> None:
    theirs, ours = task_in(contract), grouped(held.split.labels, held.probabilities).task
    if theirs != ours:
        raise ValueError(f"it answers for task={theirs}, and this model for task={ours}")


def _order(theirs: list[str], ours: tuple[str, ...]) -> list[int]:
    """Where each of our labels is among theirs. Raises ValueError where they are not the same ones."""
    gone, come = [name for name in theirs if name not in ours], [name for name in ours if name not in theirs]
    if gone or come:
        parts = [
            f"{what} {', '.join(names[:5])}" for what, names in (("only it has", gone), ("it does not know", come)) if names
        ]
        raise ValueError(f"it was trained on other labels: {'; '.join(parts)}")
    return [theirs.index(name) for name in ours]
