"""`advice/`: the advice as JSON and as a page, and the features for TensorBoard's projector."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.advise import projector
from tfrun.advise.advice import Advice, Assessed
from tfrun.advise.blocks import still
from tfrun.disk import write_atomically
from tfrun.provenance.secrets import masked
from tfrun.record.charts import COLOURS, as_svg

if TYPE_CHECKING:
    from tfrun.advise.embedded import Embedded
    from tfrun.experiment import Experiment

_DRAWN = 2000  # points of each data set


def write(
    folder: Path,
    experiment: Experiment,
    advice: Advice,
    assessed: list[Assessed],
    left_out: dict[str, str],
    some: list[Embedded],
) -> dict[str, Any]:
    """some: rows as the best candidate sees them. Returns what advice.json holds."""
    from jinja2 import Environment, FileSystemLoader

    metric = experiment.evaluation.primary
    content = {
        "overrides": advice.overrides, "says": advice.says, "reasons": advice.reasons, "gain": advice.gain, "metric": metric,
        "rows": len(some[0]), "candidates": [one.plain() for one in assessed], "left_out": left_out, "blocks": [asdict(block) for block in advice.blocks], "still": still(advice.blocks),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "advice.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    name = re.sub(r"[^A-Za-z0-9_]+", "_", assessed[0].backbone.rpartition("/")[2]) or "features"
    projector.write(folder / "projector", name, some)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("advice.html.j2").render(
        experiment=experiment, advice=advice, assessed=assessed, left_out=left_out, still=still(advice.blocks), metric=metric, rows=len(some[0]),
        curve=learning_curve(assessed, metric), picture=picture(some), distances=any(one.distance is not None for one in assessed),
    )  # fmt: skip
    write_atomically(folder / "advice.html", masked(page))
    return content


def learning_curve(assessed: list[Assessed], metric: str) -> str:
    """The probe's score over rows it was fitted to, a line a candidate, as inline SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axes = figure.subplots()
    for number, one in enumerate(assessed[: len(COLOURS)]):
        axes.plot(*zip(*one.probe.curve, strict=True), color=COLOURS[number], marker="o", markersize=4, label=one.name)
    axes.set_xlabel("rows fitted")
    axes.set_ylabel(metric)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return as_svg(figure)


def picture(some: list[Embedded]) -> str:
    """The first two principal components of the features, a colour a label; earlier data are grey crosses. Inline SVG."""
    from matplotlib.figure import Figure

    some = [one.first(_DRAWN) for one in some]
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.subplots()
    new, *earlier = _components(some)
    for points in earlier:
        axes.scatter(*points.T, s=12, color="#b6bfc8", marker="x", linewidths=0.7, label="earlier data", rasterized=True)
    numbers, names = some[0].labels.dtype.kind == "f", np.unique(some[0].texts)
    if numbers:
        drawn = axes.scatter(*new.T, s=10, c=some[0].labels, cmap="viridis", linewidths=0, rasterized=True)
        figure.colorbar(drawn, ax=axes, shrink=0.8)
    for number, name in enumerate(() if numbers else names):
        own = some[0].texts == name
        shade = COLOURS[number % len(COLOURS)]
        axes.scatter(*new[own].T, s=10, color=shade, label=str(name), alpha=0.75, linewidths=0, rasterized=True)
    axes.set(xticks=[], yticks=[], xlabel="first component", ylabel="second component")
    axes.spines[["top", "right"]].set_visible(False)
    if not numbers and len(names) <= len(COLOURS):
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6)
    return as_svg(figure)


def _components(some: list[Embedded]) -> list[np.ndarray]:
    """float [n, 2] of each, in one space."""
    from sklearn.decomposition import PCA

    rows = np.concatenate([one.features for one in some])
    scaled = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-6)
    points = PCA(2, random_state=0).fit_transform(scaled)
    return np.split(points, np.cumsum([len(one) for one in some])[:-1])
