"""The story of a run, top to bottom: data, model, training, evaluation, exports, verdict, record."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun import apart
from tfrun.config.check import check
from tfrun.config.problems import ConfigError, Problem, RunError, TfrunError, shorten
from tfrun.dataset.stage import examine_data, open_data
from tfrun.evaluation.calibration import calibrate
from tfrun.evaluation.stage import evaluate
from tfrun.experiment import PROMISES, Experiment
from tfrun.export import Artifact
from tfrun.export.stage import export
from tfrun.gate import Verdict, judge
from tfrun.gate.champion import against_champion
from tfrun.provenance import licences
from tfrun.provenance.repeat import NO_ORIGINAL, NoOriginal, Repeat
from tfrun.quiet import import_tensorflow, native_output_to
from tfrun.record import Record
from tfrun.record.console import Console
from tfrun.record.explain import explained
from tfrun.record.onlooker import Onlooker
from tfrun.record.result import Result
from tfrun.tracking.none import NoTracking
from tfrun.training.stopping import Terminated

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.export.held import Held
    from tfrun.model import Model
    from tfrun.training.trainer import History


def run(
    experiment: Experiment, directory: str | Path | None = None, quiet: bool = False, repeats: Repeat | NoOriginal | None = None
) -> Result:
    """Does the whole experiment and leaves everything in a run directory.

    directory: where; None: `runs/<name>/<date_time>`. One that holds an unfinished run of the same experiment is gone on with.
    quiet: print nothing. repeats: the run that this one shall be like; `result.repeat` tells how far it is.
    Returns the result; `result.verdict` says whether the model may ship.
    Raises ConfigError before anything is done, RunError when the run cannot be finished. What was reached until then,
    also until Ctrl-C, is in the run directory.
    """
    if not isinstance(experiment, Experiment):
        raise TypeError(f"run() takes an Experiment, e.g. from tfrun.load([...]), not {type(experiment).__name__}")
    problems = check(experiment)
    if problems:
        raise ConfigError(*problems)
    experiment = experiment.fast() if experiment.debug == "fast" else experiment
    if not experiment.strategy.leads:
        return _follow(experiment, quiet)
    directory = Path(directory) if directory else None
    experiment = experiment if repeats else _seeded(experiment, directory)  # a repetition has the seed that was drawn
    record = Record.open(experiment, directory, Console(quiet))
    return recorded(experiment, record, partial(_whole, original=repeats or NO_ORIGINAL))


def resume(directory: str | Path, experiment: Experiment | None = None, quiet: bool = False) -> Result:
    """Goes on with an unfinished run from its newest sound checkpoint; ends as if it had never stopped.

    experiment: None: the one in `directory/config.yaml`. Raises as `run` does.
    """
    from tfrun.config.load import load_file

    experiment = experiment or load_file(Path(directory) / "config.yaml")
    problems = check(experiment)
    if problems:
        raise ConfigError(*problems)
    if not experiment.strategy.leads:
        return _follow(experiment, quiet)
    return recorded(experiment, Record.reopen(Path(directory), Console(quiet)), _whole)


def check_data(experiment: Experiment, quiet: bool = False) -> Result:
    """Opens and checks the data; leaves statistics, schema, anomalies and a page in a run directory. Raises as `run` does.

    What is wrong with the data raises nothing here: it is in `result.checks["anomalies"]`.
    """
    problems = check(experiment)
    if problems:
        raise ConfigError(*problems)
    warned = experiment.checks.model_copy(update={"on_anomaly": "warn"})
    experiment = experiment.model_copy(update={"checks": warned, "tracking": NoTracking()})
    return recorded(experiment, Record.open(experiment, None, Console(quiet)), _checked)


def _seeded(experiment: Experiment, directory: Path | None) -> Experiment:
    """With determinism=off the seed is drawn, once for a directory."""
    from tfrun.config.load import load_file

    if experiment.determinism == "off" and directory and (directory / "config.yaml").is_file():
        return experiment.model_copy(update={"seed": load_file(directory / "config.yaml").seed})
    return experiment.drawn()


def recorded(experiment: Experiment, record: Record, story: Callable) -> Result:
    """The whole story; whatever happens, the record tells it."""
    result = Result(experiment.name, record.directory, experiment.seed)
    tracking = experiment.tracking.start(record)
    try:
        result.status = story(experiment, record, result, lambda error: _abandon(record, result, tracking, error))
    except KeyboardInterrupt as stop:
        by = "a SIGTERM" if isinstance(stop, Terminated) else "the user (Ctrl-C)"
        result.status, result.error = "interrupted", f"stopped by {by}; `python -m tfrun resume {record.directory}` goes on"
        raise
    except TfrunError as error:
        result.status, result.error = error.status, str(error)
        raise
    except Exception as error:
        result.status, result.error = "failed", f"{type(error).__name__}: {shorten(error, 300)}"
        record.log(traceback.format_exc())
        raise explained(error, record) from error
    except BaseException as error:  # SystemExit: the output was closed, or a component left
        result.status, result.error = "failed", f"{type(error).__name__}: {shorten(error, 300)}"
        raise
    finally:
        _close(record, result, tracking)
    return result


def _follow(experiment: Experiment, quiet: bool) -> Result:
    """What a process does that helps another one to train: no run directory, and nothing after the training."""
    record = Onlooker(Console(quiet))
    result = Result(experiment.name, record.directory, experiment.seed)
    experiment.strategy.follow(lambda: trained(experiment, record, result, lambda error: None))
    result.status = "done"
    return result


def _checked(experiment: Experiment, record: Record, result: Result, _) -> str:
    start(experiment, record, result)
    examine_data(experiment, open_data(experiment, record, result), record, result)
    return "checked"


def _whole(
    experiment: Experiment,
    record: Record,
    result: Result,
    abandon: Callable[[TfrunError], None],
    original: Repeat | NoOriginal = NO_ORIGINAL,
) -> str:
    """abandon: ends the process when training cannot be ended otherwise. Returns the status of the run."""
    original.before(record)
    model, data, history = trained(experiment, record, result, abandon, original.examining(examine_data))
    calibrate(experiment, model, data, record, result)
    held = evaluate(experiment, model, data, record, result)
    artifacts = export(experiment, model, data, held, record, record.directory, result.metrics.get("validation"))
    result.verdict = decide(experiment, artifacts, held, record, result)
    result.repeat = original.after(record, result, held)
    report(experiment, model, data, history, held, record, result)
    return "done"


def trained(
    experiment: Experiment, record: Record, result: Result, abandon, examine=examine_data, until: float | None = None
) -> tuple[Model, Data, History]:
    """From the newest checkpoint, where the run directory has one. examine: what checks the data. until: see `train`."""
    start(experiment, record, result)
    from tfrun.model import build

    with experiment.strategy.open(experiment, record, abandon) as strategy:  # first: reading pictures would fix the devices
        data = open_data(experiment, record, result)
        if experiment.strategy.leads:
            examine(experiment, data, record, result)
        model = build_model(experiment, data, strategy, record, result)
        history = train_model(experiment, model, data, strategy, record, result, until)
        model = experiment.strategy.settled(model, lambda another: build(experiment, data, another, record.warn))
    return model, data, history


def start(experiment: Experiment, record: Record, result: Result) -> None:
    """TensorFlow, seeded."""
    with record.stage("start") as stage:
        works_apart = any(target.works_apart for target in experiment.export.values())
        import_tensorflow(lambda: works_apart and apart.server(forked=True))
        if works_apart:
            apart.server()  # of its own, where TensorFlow was in use before
        import keras
        import tensorflow as tf

        from tfrun.provenance import environment, files

        keras.utils.set_random_seed(experiment.seed)
        if experiment.determinism == "strict":
            tf.config.experimental.enable_op_determinism()
        result.environment = environment()
        experiment.evaluation.prepare()
        if experiment.strategy.leads:
            files.keep_diff(record, result)
        stage.says = f"TensorFlow {tf.__version__}, Keras {keras.__version__}, seed {experiment.seed}"


def build_model(experiment: Experiment, data: Data, strategy, record: Record, result: Result) -> Model:
    from tfrun.model import build

    with record.stage("model") as stage, native_output_to(record.log_path):
        model = build(experiment, data, strategy, record.warn)
        facts = model.facts
        result.backbone = asdict(facts)
        result.initial_weights_sha256 = model.head_sha256()
        result.licences = licences.examined(experiment, data.licence, facts)
        stage.says = (
            f"{facts.handle} ({facts.parameters:,} weights, licence {facts.licence}) + head ({model.head.count_params():,}), "
            f"input {'×'.join(map(str, model.transform.output_shape)) or model.transform.output_dtype}"
        )
    for finding in result.licences["findings"]:
        record.warn(finding["text"])
    return model


def train_model(
    experiment: Experiment, model: Model, data: Data, strategy, record: Record, result: Result, until: float | None = None
) -> History:
    from tfrun.training.trainer import train

    with record.stage("training", has_progress=True) as stage:
        history = train(experiment, model, data, strategy, record, until)
        kept = f"kept step {history.best_step}" if history.best_value is not None else f"kept the last step, {history.steps}"
        stage.says = f"{history.steps} steps on {strategy.num_replicas_in_sync} device(s), {kept}"
    result.weights_sha256 = model.weights_sha256()
    result.determinism = {"level": experiment.determinism, "promise": PROMISES[experiment.determinism]}
    result.training = {
        "steps": history.steps, "best_step": history.best_step, "best_value": history.best_value,
        "resumed_at": history.resumed_at, "rollbacks": history.rollbacks, "xla": any(history.xla.values()),
        "feature_engine": history.engine, "profiles": history.profiles,
    }  # fmt: skip
    result.throughput["training_rows_per_second"] = round(history.examples / max(history.seconds, 1e-9), 1)
    if history.extracted:
        result.throughput["feature_rows_per_second"] = round(history.extracted / history.extraction_seconds, 1)
    return history


def decide(experiment: Experiment, artifacts: list[Artifact], held: Held, record: Record, result: Result) -> Verdict:
    with record.stage("verdict") as stage:
        result.champion = against_champion(experiment, held)
        result.artifacts, verdict = judge(experiment.gate, result, artifacts)
        verdict = licences.judged(verdict, result.licences)
        stage.says = "blessed" if verdict.blessed else "not blessed"
    return verdict


def report(
    experiment: Experiment, model: Model, data: Data, history: History, held: Held, record: Record, result: Result
) -> None:
    from tfrun.export.numeric import numeric
    from tfrun.provenance import files
    from tfrun.record import card
    from tfrun.record import report as page

    with record.stage("report") as stage:
        result.durations = dict(record.durations)
        files.write(experiment, held, result)
        page.write(experiment, model, data, history, held, result)
        part = numeric(model)
        card.write(experiment, data, model.transform.says, result, part.inputs if part else ())
        stage.says = "report.html, card.md, card.html"


def _abandon(record: Record, result: Result, tracking, error: TfrunError) -> None:
    """The main thread waits in TensorFlow for what will never come: the record is closed, and the process ends here."""
    result.status, result.error = error.status, str(error)
    print(f"run error: {error}", file=sys.stderr, flush=True)
    try:
        _close(record, result, tracking)
    finally:
        os._exit(error.exit_code)


def _close(record: Record, result: Result, tracking) -> None:
    """Whatever happened, the result says so and is sent on."""
    result.durations = dict(record.durations)
    try:
        result.write()
        record.log(f"status: {result.status} {result.error}".rstrip())
    except OSError as error:
        raise RunError(
            Problem("runs", f"result.json cannot be written ({error.strerror})", "make room", record.directory)
        ) from error
    finally:
        tracking.finish(record, result)
        record.close()
