"""A finished run's slices by TensorFlow Model Analysis (extra `tfma`): one Beam pipeline answers, slices and measures."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrun.analysis.slices import named_in
from tfrun.config.extras import needed
from tfrun.config.load import load_file
from tfrun.config.problems import ConfigError, Problem, RunError, nearest
from tfrun.quiet import import_tensorflow, native_output_to
from tfrun.record.result import read

if TYPE_CHECKING:
    from tfrun.analysis.layout import Layout
    from tfrun.experiment import Experiment

FOLDER, FILE = "analysis", "analysis.json"
OF_TWO = ("accuracy", "precision", "recall", "f1", "auc")
OF_MORE = ("accuracy",)
_SAVED_MODEL = Path("exports") / "saved_model"


@dataclass(frozen=True)
class Asked:
    """examples: pattern of TFRecord files; None: the run's own test rows. slices: each one column, or several that are crossed;
    None: those of the run. metrics: None: all there are. options: of the pipeline, as on its command line. out: folder or
    address; None: `analysis` in the run directory. model: where workers find the SavedModel; None: in the run directory.
    """

    examples: str | None = None
    slices: Sequence[Sequence[str]] | None = None
    metrics: Sequence[str] | None = None
    options: Sequence[str] = ()
    out: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Analysis:
    """slices: {slice: {value: {metric: number, None where not defined, "rows": count}}}, where `all rows` is one.
    left_out: rows that could not be judged, by reason.
    """

    folder: str
    slices: dict[str, dict[str, dict[str, float | None]]]
    left_out: dict[str, int]


def analyze(directory: Path, asked: Asked = Asked()) -> Analysis:  # noqa: B008
    """Leaves TFMA's result, which `tfma.load_eval_result` reads, and `analysis.json` in `asked.out`.

    Raises ConfigError where the run is of another task, TFMA is not installed, or something is asked for that there is not;
    RunError where the run has no SavedModel, or rows cannot be read or answered.
    """
    experiment = load_file(directory / "config.yaml")
    problems = _refused(experiment) or needed("analyze", "tfma", "tensorflow_model_analysis", "apache_beam")
    if problems:
        raise ConfigError(*problems)
    contract, folder = _contract(directory), _folder(directory, asked.out)
    asked = replace(
        asked,
        slices=named_in(experiment.evaluation.slices) if asked.slices is None else asked.slices,
        metrics=_metrics(asked.metrics, len(contract["labels"])),
        model=asked.model or str((directory / _SAVED_MODEL).absolute()),
    )
    import_tensorflow()
    with tempfile.TemporaryDirectory() as scratch:
        pattern, layout = _rows(experiment, directory, contract, asked, Path(scratch))
        with native_output_to(directory / "log.txt"):
            return _analyzed(folder, asked, pattern, layout)


def _refused(experiment: Experiment) -> list[Problem]:
    task = experiment.dataset.task
    if task == "classification":
        return []
    return [Problem("dataset.task", "cannot be analyzed: only rows of one class can", "result.json has its slices", task)]


def _contract(directory: Path) -> dict[str, Any]:
    read(directory)  # explains one that did not finish
    path = directory / "exports" / "contract.json"
    if not path.is_file() or not (directory / _SAVED_MODEL).is_dir():
        way_out = f"`python -m tfrun export {directory} export=[saved_model]` writes it"
        raise RunError(Problem(str(directory), f"holds no {_SAVED_MODEL}", way_out))
    return json.loads(path.read_text(encoding="utf-8"))


def _metrics(asked: Sequence[str] | None, classes: int) -> Sequence[str]:
    known = OF_TWO if classes == 2 else OF_MORE
    rule = f"is not measured of {classes} classes"
    wrong = [Problem("--metrics", rule, nearest(name, known), name) for name in asked or () if name not in known]
    if wrong:
        raise ConfigError(*wrong)
    return known if asked is None else list(dict.fromkeys(asked))


def _rows(experiment: Experiment, directory: Path, contract: dict[str, Any], asked: Asked, scratch: Path) -> tuple[str, Layout]:
    """A pattern of TFRecord files, and what is in them."""
    from tfrun.analysis import given, held

    if asked.examples is None:
        return held.written(experiment, read(directory), contract, asked, scratch)
    layout = given.layout(experiment, read(directory), contract, asked.slices)
    given.look(asked.examples, layout)
    return asked.examples, layout


def _folder(directory: Path, out: str | None) -> str | Path:
    """An address as it is given."""
    if out is not None and "://" in out:
        return out
    folder = Path(out) if out else directory / FOLDER
    if folder.exists() and not (folder / FILE).is_file():
        raise RunError(Problem("--out", "is there, and holds no analysis", "name another folder", folder))
    return folder


def _analyzed(folder: str | Path, asked: Asked, pattern: str, layout: Layout) -> Analysis:
    """Results on this machine take their place when all is done; until then, those of an earlier analysis stay."""
    from tfrun.analysis import pipeline

    if isinstance(folder, str):
        return pipeline.run(pattern, layout, asked, folder)
    hidden = folder.absolute().with_name(f".{folder.name}.new")
    shutil.rmtree(hidden, ignore_errors=True)  # of one that was stopped
    try:
        found = pipeline.run(pattern, layout, asked, str(hidden))
        shutil.rmtree(folder, ignore_errors=True)
        hidden.rename(folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return replace(found, folder=str(folder))
