"""The checks, top to bottom: statistics of each split, a schema, and all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfrun.checks import Checks, schema, two_sample
from tfrun.checks.anomaly import Anomaly
from tfrun.checks.drift import drift
from tfrun.checks.drift_by import steps, summed
from tfrun.checks.enforce import Rules, enforce
from tfrun.checks.features import by_name
from tfrun.checks.findings import Findings
from tfrun.checks.gather import Tables, gather
from tfrun.checks.labels import constant_features, label_anomalies, mixed_types, not_finite
from tfrun.checks.leakage import leakage
from tfrun.checks.repeats import repeat_anomalies
from tfrun.checks.roles import Roles
from tfrun.checks.split import SplitAccumulator
from tfrun.checks.statistics import read, statistics
from tfrun.config.problems import Problem, RunError

TRAIN = "train"


def check(tables: Tables, roles: Roles, checks: Checks) -> Findings:
    if TRAIN not in tables:
        raise RunError(Problem("dataset", "has no split called 'train'", "the other splits are compared with it", list(tables)))
    given = schema.read(checks.schema_file) if checks.schema_file else None  # before the long part, as it may fail
    earlier = read(checks.against) if checks.against else None
    splits = _gather(tables, roles, checks)
    found = statistics(splits)
    training = next(dataset for dataset in found.datasets if dataset.name == TRAIN)
    rules = given or schema.infer(training, roles.texts)
    left_out = frozenset({roles.ids, *roles.groups} - {None})
    along = steps(checks.drift_by, tables, roles, checks, training, left_out) if checks.drift_by else ()
    anomalies = [
        *_of_splits(splits, found, rules, given is not None, roles, checks),
        *label_anomalies(splits, roles.label, checks),
        *constant_features(splits[TRAIN]),
        *leakage(splits[TRAIN].sample, roles.label, splits[TRAIN].inputs(), checks.leakage),
        *repeat_anomalies(tables, splits, roles, checks),
        *_drifts(found, earlier, left_out, checks),
        *summed(along),
        *_embeddings(splits, roles, checks),
    ]
    return Findings(found, rules, tuple(sorted(anomalies, key=_first)), checks, roles, along)


def _gather(tables: Tables, roles: Roles, checks: Checks) -> dict[str, SplitAccumulator]:
    if checks.engine == "local":
        return gather(tables, roles, checks.sample_rows)
    from tfrun.checks import beam

    return beam.gather(tables, roles, checks.sample_rows, checks.beam_options)


def _of_splits(
    splits: dict[str, SplitAccumulator], found: pb.DatasetFeatureStatisticsList, rules: schema_pb2.Schema, strict: bool,
    roles: Roles, checks: Checks,
) -> Iterator[Anomaly]:  # fmt: skip
    training = next(by_name(dataset) for dataset in found.datasets if dataset.name == TRAIN)
    judged = {*splits[TRAIN].inputs(), roles.label}
    for dataset in found.datasets:
        yield from enforce(Rules(rules, strict, judged, roles.label, checks, training), dataset)
        yield from mixed_types(splits[dataset.name], dataset.name)
        yield from not_finite(splits[dataset.name], dataset.name)


def _drifts(
    found: pb.DatasetFeatureStatisticsList, earlier: pb.DatasetFeatureStatisticsList | None, left_out: frozenset[str],
    checks: Checks,
) -> Iterator[Anomaly]:  # fmt: skip
    now = {dataset.name: dataset for dataset in found.datasets}
    for name, dataset in now.items():
        if name != TRAIN:
            yield from drift(dataset, now[TRAIN], TRAIN, checks, left_out)
    if earlier is not None:
        before = {dataset.name: dataset for dataset in earlier.datasets}
        for name in now.keys() & before.keys() if TRAIN in before else ():
            yield from drift(now[name], before[name], f"the earlier {name}", checks, left_out)
        if TRAIN not in before and before:  # of TFDV, which names no splits
            yield from drift(now[TRAIN], next(iter(before.values())), "the earlier data", checks, left_out)


def _embeddings(splits: dict[str, SplitAccumulator], roles: Roles, checks: Checks) -> Iterator[Anomaly]:
    for column in roles.embeddings:
        train = splits[TRAIN].sample.columns.get(column)
        for name, split in splits.items():
            own = split.sample.columns.get(column)
            if name == TRAIN or train is None or own is None or own.shape[1:] != train.shape[1:]:
                continue
            found = two_sample.anomaly(column, name, own, train, checks.drift_embeddings)
            if found:
                yield found


def _first(anomaly: Anomaly) -> tuple:
    return anomaly.severity, anomaly.feature, anomaly.kind, anomaly.split
