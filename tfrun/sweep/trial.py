"""One trial, in a process of its own: data, model and training, measured on the validation split. The test split is not looked at."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from pathlib import Path
from typing import Any

from tfrun.config.load import from_mapping
from tfrun.config.source import import_target
from tfrun.disk import write_atomically
from tfrun.experiment import Experiment
from tfrun.export.held import Held
from tfrun.export.stage import export
from tfrun.record import Record
from tfrun.record.console import Console
from tfrun.record.result import Result
from tfrun.run import recorded, trained
from tfrun.sweep.examining import examine_once
from tfrun.tracking.none import NoTracking
from tfrun.training.stopping import Terminated, terminate


def work(mapping: dict[str, Any], directory: str, until: float | None) -> dict[str, Any]:
    """mapping: of the experiment. until: epochs after which it pauses. A directory that holds a part of it is gone on with.

    Returns {"state": done | paused | stopped, "measured": {name: number}, "epochs", "artifacts"}. Raises what goes wrong.
    """
    experiment, place = from_mapping(mapping), Path(directory)
    answer = place / "trial.json"
    if answer.is_file():  # ended before, but nobody was left to be told
        return json.loads(answer.read_text(encoding="utf-8"))
    told: dict[str, Any] = {}

    def story(experiment: Experiment, record: Record, result: Result, abandon) -> str:
        from tfrun.export.numeric import numeric
        from tfrun.training.trainer import Paused

        try:
            model, data, history = trained(experiment, record, result, abandon, examine_once, until)
        except Paused as paused:
            told.update(_measured(experiment, paused.rows, {}))
            return "paused"
        split = data.splits.get("validation")
        if split is not None:
            unfrozen = experiment.training.unfreezes
            probabilities = model.predict(split) if unfrozen else model.predict_from_features(model.features(split))
            result.metrics["validation"] = experiment.evaluation.measure(split.labels, probabilities, data.outputs)
            if experiment.export:
                part = numeric(model)
                task, measured = model.task, result.metrics["validation"]
                held = Held(split, probabilities, measured, part and part.of, output=task.output, unit=task.unit)
                result.artifacts = export(experiment, model, data, held, record, record.directory)
                told["artifacts"] = [artifact.as_dict() for artifact in result.artifacts]
        parameters = result.backbone["parameters"] + model.head.count_params()
        told.update(_measured(experiment, history.rows, result.metrics.get("validation", {}), parameters, history.seconds))
        return "done"

    try:
        signal.signal(signal.SIGTERM, terminate)  # a sweep's "enough": what was reached is saved; before this it just ends
        _wait_for_who_was_here(place)
        (place / "result.json").unlink(missing_ok=True)  # of one that was killed just before it could answer
        record = Record.open(experiment, place, Console(quiet=True))
        result = recorded(experiment.model_copy(update=_left_out(experiment)), record, story)
    except Terminated:
        return {"state": "stopped", **so_far(place, experiment)}
    told["state"] = result.status
    if result.status == "done":
        write_atomically(answer, json.dumps(told))
    return told


def prepare(targets: list[str]) -> None:
    """What every trial would import and read for itself. targets: classes of the first trial's components; only those of tfrun, as
    nobody knows what a user's module does when it is imported.
    """
    import tfrun.export.numeric
    import tfrun.model
    import tfrun.provenance.hardware
    import tfrun.training.trainer  # noqa: F401
    from tfrun.store.key import code_of

    for target in targets:
        if target.startswith("tfrun."):
            code_of(import_target(target, target))


def _wait_for_who_was_here(place: Path) -> None:
    """A killed sweep's trials end a moment after it; one that goes on with it may be quicker."""
    if place.is_dir():
        with (place / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


def _left_out(experiment: Experiment) -> dict[str, Any]:
    """The sweep tracks its trials itself; only the best is exported, unless all are to be."""
    return {"tracking": NoTracking()} | ({} if experiment.sweep.exports else {"export": {}})


def _measured(
    experiment: Experiment, rows: list[dict], final: dict[str, float], parameters: int = 0, seconds: float | None = None
) -> dict[str, Any]:
    """rows: of the curve; those of the best measurement count where the best weights are kept, else the last."""
    from tfrun.evaluation.metrics import improves

    shown, monitor = [row for row in rows if "validation" in row], experiment.training.monitor
    best = shown[-1]["validation"] if shown else {}
    if experiment.training.keep == "best":
        for row in shown:
            best = row["validation"] if improves(monitor, row["validation"][monitor], best.get(monitor)) else best
    spent = sum(row["seconds"] for row in rows) if seconds is None else seconds
    measured = {**best, **final, "seconds": round(spent, 3)} | ({"parameters": parameters} if parameters else {})
    return {"measured": measured, "epochs": rows[-1]["epoch"] if rows else 0.0}


def so_far(place: Path, experiment: Experiment) -> dict[str, Any]:
    """What a trial that has ended too early has reached."""
    return _measured(experiment, rows_of(place), {})


def rows_of(directory: Path, tail: int | None = None) -> list[dict]:
    """The measurements of a trial so far; half a line at the end is still being written. tail: only those in its last bytes."""
    try:
        with (directory / "metrics.jsonl").open("rb") as file:
            skipped = max(0, file.seek(0, os.SEEK_END) - tail) if tail else 0
            file.seek(skipped)
            content = file.read()
    except FileNotFoundError:
        return []
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    return [json.loads(line) for line in (lines[1:] if skipped else lines)]
