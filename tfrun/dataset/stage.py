"""The stages of a run that open the data and check them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from tfrun.config.check import wrong_columns
from tfrun.config.problems import Problem, RunError

if TYPE_CHECKING:
    from tfrun.dataset import Data, Split
    from tfrun.experiment import Experiment
    from tfrun.record import Record
    from tfrun.record.result import Result

_FAST_ROWS = 64
_SHOWN = 10  # anomalies, and files that were left out, on the screen


def open_data(experiment: Experiment, record: Record, result: Result) -> Data:
    with record.stage("data") as stage:
        data = experiment.dataset.open()
        _refuse_wrong_columns(experiment, data)
        data = limited(experiment, data)
        rows = {name: len(split) for name, split in data.splits.items()}
        skipped = [asdict(item) for item in data.skipped]
        answer = f"{len(data.classes)} classes" if data.classes else f"{data.label}, a number"
        stage.says = f"{answer}; " + ", ".join(f"{name} {count:,}" for name, count in rows.items()) + " rows"
        stage.says += f"; {_kinds(data)}" if data.kind == "table" else ""
    for item in data.skipped[:_SHOWN]:
        record.warn(f"skipped {item.file}: {item.reason}")
    if len(data.skipped) > _SHOWN:
        record.warn(f"skipped {len(data.skipped) - _SHOWN} more, which result.json names")
    for note in data.notes:
        record.warn(note)
    for name, split in data.splits.items():
        for missing in _without_rows(data, split):
            record.warn(f"class '{missing}' has no row in {name}")
    result.data = {
        "source": data.source, "task": data.task, "licence": data.licence, "fingerprint": data.fingerprint, "classes": list(data.classes),
        "inputs": [asdict(spec) for spec in data.inputs], "rows": rows, "skipped": skipped, "skipped_count": sum(item.count for item in data.skipped),
    }  # fmt: skip
    missing = [name for name in (*experiment.evaluation.splits, "train", "test") if name not in data.splits]
    missing = [name for name in missing if not (name == "validation" and experiment.dataset.split.validation == 0)]
    if missing:
        raise RunError(Problem(f"dataset.split.{missing[0]}", "this split has no rows", "give it a share, or rows", 0))
    return data


def limited(experiment: Experiment, data: Data) -> Data:
    """Few rows with debug=fast."""
    return data.limited(max(_FAST_ROWS, experiment.training.batch_size)) if experiment.debug == "fast" else data


def _without_rows(data: Data, split: Split) -> list[str]:
    """Classes."""
    rows = data.class_rows(split) if data.classes else ()
    return [name for name, count in zip(data.classes, rows, strict=True) if not count]


def _refuse_wrong_columns(experiment: Experiment, data: Data) -> None:
    """What could not be told before, of data that lie elsewhere."""
    if experiment.dataset.slice_columns() is None:
        problems = list(wrong_columns(experiment, list(next(iter(data.splits.values())).columns)))
        if problems:
            raise RunError(*problems)


def _kinds(data: Data) -> str:
    """How many inputs there are of each kind."""
    counts = Counter(spec.kind for spec in data.inputs)
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) + " columns"


def examine_data(experiment: Experiment, data: Data, record: Record, result: Result) -> None:
    """Statistics, schema and anomalies go to `data/`. Raises DataError where `checks.on_anomaly` says so."""
    from tfrun import checks
    from tfrun.dataset import arrow

    with record.stage("checks") as stage:
        findings = checks.check_data(arrow.tables(data), arrow.roles(data), experiment.checks)
        findings.write(record.directory)
        result.checks = findings.plain()
        errors = sum(anomaly.severity == "error" for anomaly in findings.anomalies)
        warnings = len(findings.anomalies) - errors
        stage.says = f"{errors} errors, {warnings} warnings" if findings.anomalies else "nothing is wrong"
    for anomaly in findings.anomalies[:_SHOWN]:
        record.say(f"{anomaly.severity}: {anomaly}")
    if len(findings.anomalies) > _SHOWN:
        record.warn(f"{len(findings.anomalies) - _SHOWN} more in {record.directory / 'data' / 'data.html'}")
    if findings.failed:
        raise findings.error()
