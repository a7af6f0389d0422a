"""`report.html`: what a person opens first. One file, no network."""

from __future__ import annotations

import base64
import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from tfrun.component import plain
from tfrun.disk import write_atomically
from tfrun.evaluation.threshold import missing
from tfrun.provenance.repeat import summary as told
from tfrun.provenance.secrets import masked, masked_values
from tfrun.record import mistakes
from tfrun.record.augmented import augmented
from tfrun.record.charts import as_svg
from tfrun.record.record import config_text
from tfrun.record.result import Result

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.evaluation import Evaluation
    from tfrun.experiment import Experiment
    from tfrun.export.held import Held
    from tfrun.model import Model
    from tfrun.task import TaskName
    from tfrun.training.trainer import History

_TEMPLATES = Path(__file__).parent
_OF_ANSWERS = ("probability", "share that has the class", "answers")
_EXAMPLES, _THUMBNAIL, _TEXT = 12, 96, 300  # rows of each kind, pixels, characters


def write(experiment: Experiment, model: Model, data: Data, history: History, held: Held, result: Result) -> None:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("report.html.j2").render(
        experiment=experiment, data=data, history=history, result=result, primary=experiment.evaluation.primary,
        **mistakes.of_task(held, data), counts=mistakes.counts(data), curves=curves(history, experiment.evaluation),
        reliability=reliability(result.calibration["test"]["bins"], data.task) if "test" in result.calibration else None,
        without_threshold=missing(result.thresholds),
        wrong=examples(held, data, right=False), right=examples(held, data, right=True),
        augmented=[(name, thumbnail(one), thumbnail(other)) for name, one, other in augmented(experiment, model, data)],
        config=config_text(experiment),
        environment=yaml.safe_dump(masked_values(plain(result.environment)), sort_keys=False, allow_unicode=True),
        repeat=told(result.repeat) if result.repeat else [],
        now=datetime.now().strftime("%Y-%m-%d %H:%M"), seconds=sum(result.durations.values()),
    )  # fmt: skip
    write_atomically(result.directory / "report.html", masked(page))


def curves(history: History, evaluation: Evaluation) -> str:
    """Loss and accuracy over epochs as one inline SVG; of numbers the absolute error and the primary metric."""
    from matplotlib.figure import Figure

    names = ("mae", evaluation.primary) if evaluation.task == "regression" else ("loss", "accuracy")
    figure = Figure(figsize=(9.6, 3.0), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), names, strict=True):
        for split, colour in (("train", "#8aa1b8"), ("validation", "#c2571a")):
            points = [(row["epoch"], row[split][name]) for row in history.rows if name in row.get(split, {})]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, label=split, marker="o", markersize=3)
        _mark_best(axes, history)
        axes.set_xlabel("epoch")
        axes.set_title(name, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    return as_svg(figure)


def reliability(bins: list[dict[str, float]], task: TaskName) -> str:
    """Accuracy over confidence as one inline SVG, with the rows of each bin below. bins: see evaluation.calibration."""
    from matplotlib.figure import Figure

    across, up, count = _OF_ANSWERS if task == "multilabel" else ("confidence", "accuracy", "rows")
    figure = Figure(figsize=(4.8, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    confidence = [one["confidence"] for one in bins]
    above.plot((0, 1), (0, 1), color="#999", linewidth=0.8, linestyle=":")
    above.plot(confidence, [one["accuracy"] for one in bins], color="#c2571a", marker="o", markersize=4)
    above.set_ylabel(up)
    below.bar(confidence, [one["rows"] for one in bins], width=0.03, color="#8aa1b8")
    below.set_ylabel(count)
    below.set_xlabel(across)
    above.set(xlim=(0, 1.02), ylim=(0, 1.02))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return as_svg(figure)


def _mark_best(axes, history: History) -> None:
    best = next(
        (row["epoch"] for row in history.rows if row["step"] == history.best_step and history.best_value is not None), None
    )
    if best is not None:
        axes.axvline(best, color="#999", linewidth=0.8, linestyle=":", label="kept")


def examples(held: Held, data: Data, right: bool) -> list[dict[str, Any]]:
    """Test rows with picture, answer and truth: those predicted right, or the worst mistakes (see `mistakes.Answered`)."""
    answered = mistakes.answered(held, data)
    candidates = np.flatnonzero(answered.right == right)
    order = candidates if right else candidates[np.argsort(-answered.badness[candidates], kind="stable")]
    if right:
        order = order[np.linspace(0, len(order) - 1, min(_EXAMPLES, len(order))).round().astype(int)] if len(order) else order
    chosen = held.split.take(order[:_EXAMPLES])
    return [
        {
            **shown(raw, data), "id": str(chosen.ids[number]), "truth": answered.truth(row), "predicted": answered.said(row),
            "confidence": answered.confidence(row),
        }
        for number, (row, raw) in enumerate(zip(order[:_EXAMPLES], chosen.inputs(), strict=True))
    ]  # fmt: skip


def shown(raw: dict[str, np.ndarray], data: Data) -> dict[str, str]:
    """What a person sees of a row: its picture, or its inputs as text."""
    if data.kind == "image":
        return {"picture": thumbnail(raw[data.inputs[0].name])}
    if data.kind == "audio":
        return {"picture": waveform(raw[data.inputs[0].name])}
    parts = {spec.name: _text(raw[spec.name]) for spec in data.inputs}
    return {"text": next(iter(parts.values())) if data.kind == "text" else ", ".join(f"{k}: {v}" for k, v in parts.items())}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.decode("utf-8", errors="replace")
    else:
        text = " ".join(f"{number:.6g}" for number in np.ravel(value)[:_TEXT])
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def waveform(samples: np.ndarray) -> str:
    """A data URI: the loudest and softest sample of each of 96 stretches. samples: float32 [n] in [-1, 1]."""
    from PIL import Image

    stretches = np.array_split(samples if len(samples) else np.zeros(1, np.float32), _THUMBNAIL)
    bounds = [(part.min(), part.max()) if len(part) else (0.0, 0.0) for part in stretches]
    rows = np.linspace(1, -1, _THUMBNAIL // 2)[:, None]
    low, high = np.array(bounds, np.float32).T
    ink = (rows >= np.minimum(low, -0.02)) & (rows <= np.maximum(high, 0.02))
    return _as_png(Image.fromarray(np.where(ink, 90, 255).astype(np.uint8)))


def thumbnail(pixels: np.ndarray) -> str:
    """A data URI. pixels: uint8 [height, width, 1 or 3]."""
    from PIL import Image

    picture = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    scale = _THUMBNAIL / max(picture.size)
    return _as_png(picture.resize([max(1, round(side * scale)) for side in picture.size]))


def _as_png(picture) -> str:
    """A data URI of a PIL image."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
