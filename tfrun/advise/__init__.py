"""Advice before training: which backbone, and frozen or not, told from features alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfrun.advise.candidates import Candidate, candidates, frozen
from tfrun.checks.two_sample import two_sample
from tfrun.config.check import check
from tfrun.config.problems import ConfigError, Problem, RunError, TfrunError
from tfrun.record.console import Console
from tfrun.record.record import Record
from tfrun.record.result import Result

if TYPE_CHECKING:
    from tfrun.advise.advice import Assessed
    from tfrun.advise.embedded import Embedded
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment

ROWS = 3000  # of each split, at most


def advise(
    overrides: list[str], config_dir: Path | None = None, against: Path | None = None, rows: int = ROWS, quiet: bool = False
) -> Result:
    """Probes the frozen features of each candidate on training and validation rows; the test rows are not looked at.

    overrides: as for a run; `key=a,b` tries both. against: a run directory, whose data these are compared with. rows: of each
    split, at most. What was found is in `result.advice` and in `advice/` of a new run directory; features stay in the store.
    Raises ConfigError before anything is done, RunError where no candidate can be asked.
    """
    found, left_out = candidates(overrides, config_dir)
    problems = check(found[0].experiment)
    if problems:
        raise ConfigError(*problems)
    earlier = _earlier(against)
    record = Record.open(found[0].experiment, None, Console(quiet))
    from tfrun.run import recorded

    story = partial(_advised, found=found, left_out=left_out, earlier=earlier, rows=rows)
    return recorded(found[0].experiment, record, story)


def _earlier(against: Path | None) -> Experiment | None:
    from tfrun.config.load import load_file

    if against is None:
        return None
    if not (against / "config.yaml").is_file():
        raise ConfigError(Problem("--against", "is no run directory", "name one that holds a config.yaml", against))
    return frozen(load_file(against / "config.yaml"))


def _advised(
    experiment: Experiment, record: Record, result: Result, _, found: list[Candidate], left_out: dict[str, str],
    earlier: Experiment | None, rows: int,
) -> str:  # fmt: skip
    from tfrun.run import start

    start(experiment, record, result)  # first: it imports TensorFlow, as the others would
    import tensorflow as tf

    from tfrun.advise import page
    from tfrun.advise.advice import advised
    from tfrun.advise.blocks import blocks
    from tfrun.dataset.stage import open_data
    from tfrun.model import build

    data = open_data(experiment, record, result)
    before = earlier.dataset.open() if earlier else None
    asked = list(_asked(found, data, before, record, left_out, rows))
    if not asked:
        raise RunError(*(Problem(name, why, "choose one that fits the data") for name, why in left_out.items()))
    with record.stage("advice") as stage:
        assessed = _ranked(experiment, data, [one for one, _ in asked])
        best = next(some for one, some in asked if one.name == assessed[0].name)
        metric = experiment.evaluation.primary
        perfect = None if metric in experiment.evaluation.functions else 1.0
        advice = advised(assessed, metric, len(data.splits["train"]), perfect)
        if advice.unfreezes:
            chosen = next(candidate for candidate in found if candidate.name == assessed[0].name)
            model = build(chosen.experiment, data, tf.distribute.get_strategy(), record.warn)
            advice = advice.with_blocks(blocks(model, data, best[0]))
        result.advice = page.write(record.directory / "advice", experiment, advice, assessed, left_out, best)
        stage.says = advice.says
    return "checked"


def _asked(
    found: list[Candidate], data: Data, before: Data | None, record: Record, left_out: dict[str, str], rows: int
) -> Iterator[tuple[Assessed, list[Embedded]]]:
    """One after the other; what cannot be asked is added to `left_out`."""
    for number, candidate in enumerate(found):
        with record.stage(f"candidate {number + 1}") as stage:
            try:
                one, some = _assess(candidate, data, before, record, rows)
                stage.says = f"{one.name}: probe {one.probe.score:.4f}, LogME {one.logme:.3f}"
                yield one, some
            except TfrunError as error:
                left_out[candidate.name] = str(error.problems[0]) if error.problems else str(error)
                stage.says = f"{candidate.name}: left out, {left_out[candidate.name]}"


def _assess(
    candidate: Candidate, data: Data, before: Data | None, record: Record, rows: int
) -> tuple[Assessed, list[Embedded]]:
    import tensorflow as tf

    from tfrun.advise.advice import Assessed
    from tfrun.advise.embedded import embedded
    from tfrun.advise.probe import folds, probe
    from tfrun.advise.transferability import logme, nleep
    from tfrun.model import build

    experiment, began = candidate.experiment, time.perf_counter()
    model = build(experiment, data, tf.distribute.get_strategy(), record.warn)
    own = embedded("new", model, data, rows)
    some = [own] if before is None else [own, embedded("earlier", model, before, rows)]
    seconds = time.perf_counter() - began
    outputs, seed = data.outputs, experiment.seed
    split = experiment.dataset.split
    grouped = bool(getattr(experiment.dataset, "group", None) or split.columns())

    def measure(labels: np.ndarray, answers: np.ndarray) -> float:
        return experiment.evaluation.headline(labels, answers, outputs)

    found = probe(
        own.features, own.labels, outputs, measure, folds(own.labels, own.splits == "validation", grouped, seed), seed
    )
    apart = two_sample(*(one.features for one in some), seed=seed) if before else None
    intervals = experiment.evaluation.intervals(found.truth, found.answers, outputs)
    return Assessed(
        candidate.name, candidate.overrides, model.facts.handle, own.features.shape[1], found,
        intervals.get(experiment.evaluation.primary), logme(own.features, own.labels, outputs),
        nleep(own.features, own.labels, outputs, seed) if data.task == "classification" else None, bool(model.facts.notes.get("fine_tunable")),
        candidate.own, seconds, own.computed, distance=apart and apart.distance, p_value=apart and apart.p_value,
    ), some  # fmt: skip


def _ranked(experiment: Experiment, data: Data, assessed: list[Assessed]) -> list[Assessed]:
    """Best first, each with how far it is behind the best on the same rows."""
    from tfrun.evaluation.interval import paired_difference
    from tfrun.evaluation.metrics import LOWER_IS_BETTER

    sign = -1 if experiment.evaluation.primary in LOWER_IS_BETTER else 1
    order = sorted(assessed, key=lambda one: -sign * one.probe.score)
    best = order[0].probe

    def measure(some: np.ndarray, answers: np.ndarray) -> float:
        return sign * experiment.evaluation.headline(some, answers, data.outputs)

    return [
        replace(
            one, behind=sign * (one.probe.score - best.score),
            behind_interval=None if one is order[0] else paired_difference(measure, best.truth, one.probe.answers, best.answers),
        )
        for one in order
    ]  # fmt: skip
