"""The last lines on the screen: what was reached, where the files are, how to look at them."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from tfrun.config.problems import ConfigError, DataError, TfrunError
from tfrun.experiment import Experiment
from tfrun.provenance.repeat import summary as told
from tfrun.provenance.secrets import masked
from tfrun.record.console import Console
from tfrun.record.result import Result


def tell(experiment: Experiment, work: Callable[[], Result]) -> tuple[Result | None, int]:
    """Does `work` and prints its outcome. Returns (result or None, exit code)."""
    try:
        result = work()
    except TfrunError as error:
        if experiment.debug is True:
            traceback.print_exc()
        show_problems(error)
        return None, error.exit_code
    summarise(experiment, result)
    return result, result.exit_code


def show_problems(error: TfrunError) -> None:
    kind = "config" if isinstance(error, ConfigError) else "data" if isinstance(error, DataError) else "run"
    for problem in error.problems:
        print(f"{kind} error: {masked(str(problem))}", file=sys.stderr)


def summarise(experiment: Experiment, result: Result) -> None:
    console = Console()
    if not experiment.strategy.leads:
        console.line("this process is done: the results are with worker 0")
        return
    primary = experiment.evaluation.primary
    if result.artifacts:
        rows = [
            [
                artifact.name, f"{artifact.bytes / 1e6:.2f} MB", _share(artifact.bytes_vs_saved_model),
                _figure(artifact.metrics.get(primary)), _figure(artifact.retention, 3), _figure(artifact.max_abs_difference, 2, "g"),
                _figure(artifact.latency_ms["p50"], 2), "yes" if artifact.passed else "NO",
            ]
            for artifact in result.artifacts
        ]  # fmt: skip
        console.line()
        columns = ["file", "size", "of saved", primary, "retention", "max diff", "p50 ms", "passed"]
        console.table("Exported files, measured again on the test rows", columns, rows)
    verdict = result.verdict
    console.line()
    console.line(f"test {primary} {result.metrics['test'][primary]:.4f} — {'blessed' if verdict.blessed else 'NOT blessed'}")
    for reason in verdict.reasons:
        console.line(f"  {reason}")
    for line, label in zip(told(result.repeat) if result.repeat else [], ("repeat", "")):
        console.line(f"{label:<7} {line}")
    console.line(f"files   {result.directory}")
    console.line(f"report  {result.directory / 'report.html'}")
    viewer = experiment.tracking.viewer(experiment.runs)
    if viewer and experiment.debug != "fast":
        console.line(f"MLflow  {viewer}")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _figure(value: float | None, digits: int = 4, kind: str = "f") -> str:
    return "–" if value is None else f"{value:.{digits}{kind}}"
