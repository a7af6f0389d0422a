"""Further exports of a finished run: its weights are taken from its checkpoint, nothing is trained again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.config.load import load_file
from tfrun.config.problems import Problem, RunError
from tfrun.disk import write_atomically
from tfrun.evaluation.calibration import calibrate
from tfrun.evaluation.stage import evaluate
from tfrun.export import Artifact
from tfrun.export.size import related
from tfrun.export.stage import export
from tfrun.record import Record
from tfrun.record.console import Console
from tfrun.record.result import Result, read
from tfrun.run import decide, report, trained

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.export import Export

_SCRATCH = ".further"  # in the run directory: all is written and measured there before it takes its place


def add_exports(directory: str | Path, targets: dict[str, Export], quiet: bool = False) -> Result:
    """Writes and measures `targets` (by name, as in `Experiment.export`) of a finished run and judges it again.

    Files of the same name are replaced when all is done; until then the run directory stays as it was.
    Raises RunError where the run did not finish, its data have changed, or its weights cannot be had again bit for bit.
    """
    directory = Path(directory)
    before = read(directory)
    if before["status"] != "done":
        rule = f"has not finished (status {before['status']})"
        raise RunError(Problem(str(directory), rule, f"`python -m tfrun resume {directory}` goes on with it"))
    if not any((directory / "checkpoints").glob("*")):
        raise RunError(Problem(str(directory), "holds no checkpoint, from which its weights could be taken", "start a new run"))
    experiment = load_file(directory / "config.yaml").model_copy(update={"export": targets})
    record = Record(directory, Console(quiet), resumed=True)
    record.durations = dict(before["durations"])
    scratch = directory / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of one that was stopped
    try:
        return _added(experiment, before, record, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        record.close()


def _added(experiment: Experiment, before: dict, record: Record, scratch: Path) -> Result:
    seen = Result(experiment.name, record.directory, experiment.seed, checks={"anomalies": []})
    model, data, history = trained(experiment, record, seen, _raised, _examined_before)
    calibrate(experiment, model, data, record, seen)
    if seen.weights_sha256 != before["weights_sha256"]:
        rule = "the weights that its checkpoint gives are not those of the run"
        raise RunError(Problem(str(record.directory), rule, "has something changed the folder? Then start a new run"))
    held = evaluate(experiment, model, data, record, seen)
    new = export(experiment, model, data, held, record, scratch, seen.metrics.get("validation"))
    result = Result.of(before, record.directory)
    result.thresholds = seen.thresholds  # runs of older versions have another form of them
    result.artifacts = _joined(result.artifacts, new, record.directory, scratch)
    result.verdict = decide(experiment, result.artifacts, held, record, result)
    report(experiment, model, data, history, held, record, result)
    result.write()
    _send_again(experiment, record, result)
    return result


def _raised(error: Exception) -> None:
    raise error


def _examined_before(*_) -> None:
    """The run has."""


def _joined(old: list[Artifact], new: list[Artifact], directory: Path, scratch: Path) -> list[Artifact]:
    """The files of `scratch` take their places; the artifacts of both, new ones in the place of old ones of the same name."""
    names = [artifact.name for artifact in new]
    for artifact in [*new, *(artifact for artifact in old if artifact.name in names)]:  # its place may have changed
        place = directory / artifact.path
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    _move(scratch / "exports", directory / "exports")
    kept = [artifact for artifact in old if artifact.name not in names]
    return [*kept, *related([*kept, *new])[len(kept) :]]  # what is said of old files stays as it was measured


def _move(source: Path, target: Path) -> None:
    """Files one by one, over those that are there."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            path.replace(place)


def _send_again(experiment: Experiment, record: Record, result: Result) -> None:
    """The tracking store gets the end of the run once more, where it has been told of it before."""
    state = record.directory / "tracking.json"
    if state.is_file():
        content = json.loads(state.read_text(encoding="utf-8"))
        write_atomically(state, json.dumps({**content, "done": False}, indent=2) + "\n")
        experiment.tracking.start(record).finish(record, result)
