"""`sweep.html`: what a person opens of a sweep. One file, no network; made from `sweep.json` and the trials' measurements."""

from __future__ import annotations

import math
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tfrun.component import as_typed
from tfrun.disk import write_atomically
from tfrun.export import name_of
from tfrun.sweep import charts, summary
from tfrun.sweep.charts import Chart, Parallel, Point
from tfrun.sweep.importance import ENOUGH, importance
from tfrun.sweep.space import as_override
from tfrun.sweep.trial import rows_of

NAME, PLOTS = "sweep.html", "plots"
_TEMPLATES = Path(__file__).parent
_MOST_AXES = 12  # of parallel coordinates; keys past that are in the table
_LOSS = "loss"


def write_apart(directory: str) -> float:
    """As `write`, for a process of its own that leaves the cores to the trials. Returns its seconds."""
    os.nice(19)
    began = time.monotonic()
    write(Path(directory))
    return time.monotonic() - began


def write(directory: Path) -> None:
    """The page, and its charts as files in `plots/`. Raises RunError where the directory holds no sweep."""
    content = summary.read(directory)
    environment = _environment()
    drawn = Drawn(content, directory)
    page = environment.get_template("sweep.html.j2").render(
        sweep=content, drawn=drawn, now=datetime.now().strftime("%Y-%m-%d %H:%M:%S"), enough=ENOUGH, override=as_override,
        has_report=lambda trial: (directory / trial["directory"] / "report.html").is_file(),
    )  # fmt: skip
    write_atomically(directory / NAME, page)
    (directory / PLOTS).mkdir(exist_ok=True)
    template = environment.get_template("plot.svg.j2")
    for name, kind, chart in drawn.plots():
        width, height = (chart.width, chart.height) if kind != "bars" else (520, 26 * len(chart) + 10)
        write_atomically(directory / PLOTS / f"{name}.svg", template.render(kind=kind, chart=chart, width=width, height=height))


def _environment():
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = lambda value, digits=4: "–" if value is None else f"{value:.{digits}f}"
    environment.filters["short"] = short
    return environment


def short(value: Any) -> str:
    """A value of a trial, in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else str(as_typed(value))


class Drawn:
    """What there is to draw of a sweep."""

    def __init__(self, content: dict[str, Any], directory: Path):
        self.content, self.directory = content, directory
        self.trials: list[dict[str, Any]] = content["trials"]
        self.objectives = content["objectives"]
        self.first, self.lower = self.objectives[0]["name"], self.objectives[0]["lower_is_better"]
        self.placed = [trial for trial in self.trials if self.first in trial["objectives"]]
        self.parallel = self._parallel()
        self.curves = self._curves()
        self.costs, self.keys, self.files = self._costs(), self._by_key(), self._files()
        done = [trial for trial in self.placed if trial["state"] == "done"]
        values, reached = [trial["values"] for trial in done], [trial["objectives"][self.first] for trial in done]
        self.importance = importance(content["space"], values, reached) if content["space"] else None

    def look(self, trial: dict[str, Any]) -> str:
        best = (
            trial["number"] == self.content["best"] if len(self.objectives) == 1 else trial["number"] in self.content["pareto"]
        )
        return f"{trial['state']} best" if best else trial["state"]

    def label(self, trial: dict[str, Any]) -> str:
        reached = ", ".join(f"{name} {value:.4g}" for name, value in trial["objectives"].items())
        values = " ".join(f"{key}={short(value)}" for key, value in trial["values"].items())
        return f"trial {trial['number']}, {trial['state']}{': ' if reached else ''}{reached}; {values}"

    def plots(self) -> list[tuple[str, str, Any]]:
        """(name, how it is drawn, what) of each chart."""
        found: list[tuple[str, str, Any]] = [("parallel", "coordinates", self.parallel)] if self.parallel else []
        if self.importance:
            found.append(("importance", "bars", self.importance.shares))
        return found + [(chart.name, "draw", chart) for chart in [*self.curves, *self.costs, *self.keys, *self.files]]

    def _bestlast(self) -> list[dict[str, Any]]:
        """What is drawn last is on top."""
        return sorted(self.trials, key=lambda trial: ("best" in self.look(trial), trial["state"] == "done"))

    def _parallel(self) -> Parallel | None:
        space = dict(list(self.content["space"].items())[:_MOST_AXES])
        keys = {f"values {key}": (key, bool(rule.get("log"))) for key, rule in space.items()}
        keys |= {f"objectives {one['name']}": (one["name"], False) for one in self.objectives}
        rows = [
            (
                trial["number"], self.label(trial), self.look(trial),
                {f"{part} {key}": value for part in ("values", "objectives") for key, value in trial[part].items()},
            )
            for trial in self._bestlast()
        ]  # fmt: skip
        return charts.parallel(keys, rows) if rows else None

    def _curves(self) -> list[Chart]:
        rows = {trial["number"]: rows_of(self.directory / trial["directory"]) for trial in self.trials}
        measured = {name for one in rows.values() for row in one for name in row.get("validation", {})}
        names = dict.fromkeys([*(one["name"] for one in self.objectives), _LOSS])
        return [
            charts.curves(f"curves_{name}", f"validation {name}", f"validation {name}", [
                (trial["number"], self.label(trial), self.look(trial), _points(rows[trial["number"]], name))
                for trial in self._bestlast()
            ])
            for name in names if name in measured
        ]  # fmt: skip

    def _scatter(self, name: str, title: str, x: str, pairs, log: bool = False, front: bool = False) -> Chart | None:
        """pairs: of (trial, what x is)."""
        points = [
            Point(trial["number"], at, trial["objectives"][self.first], self.label(trial), self.look(trial))
            for trial, at in pairs if isinstance(at, int | float) and not isinstance(at, bool)
        ]  # fmt: skip
        return (
            charts.scatter(name, title, x, self.first, points, log, (True, self.lower) if front else None) if points else None
        )

    def _costs(self) -> list[Chart]:
        """The first objective against what it costs, and against the other objectives."""
        ordered = [trial for trial in self._bestlast() if trial in self.placed]
        found = [
            self._scatter(
                "seconds", f"{self.first} against seconds", "seconds", ((t, t["seconds"]) for t in ordered), front=True
            )
        ]
        weights = [(trial, trial["measured"].get("parameters")) for trial in ordered]
        found.append(self._scatter("parameters", f"{self.first} against weights", "weights", weights, front=True))
        for other in self.objectives[1:]:
            name = other["name"]
            pairs = [(trial, trial["objectives"][name]) for trial in ordered]
            found.append(self._scatter(f"objective_{name}", f"{self.first} against {name}", name, pairs))
        return [chart for chart in found if chart]

    def _by_key(self) -> list[Chart]:
        """The first objective against each searched number."""
        ordered = [trial for trial in self._bestlast() if trial in self.placed]
        found = [
            self._scatter(
                f"key_{number}", key, key, ((trial, trial["values"].get(key)) for trial in ordered), bool(rule.get("log"))
            )
            for number, (key, rule) in enumerate(self.content["space"].items())
        ]
        return [chart for chart in found if chart]

    def _files(self) -> list[Chart]:
        """Exported files that were measured, of all trials: what they are worth against what they cost."""
        measured = [
            (trial, artifact, artifact["metrics"][self._worth])
            for trial in self.trials for artifact in trial["artifacts"] if self._worth in artifact["metrics"]
        ]  # fmt: skip
        found = []
        for name, x, cost in (
            ("bytes", "MB (10^6 bytes)", lambda artifact: artifact["bytes"] / 1e6),
            ("latency", "ms, median of one row", lambda artifact: artifact["latency_ms"]["p50"]),
        ):
            points = [
                Point(
                    trial["number"], cost(artifact), value,
                    f"trial {trial['number']} {name_of(artifact['target'], artifact['variant'])}: {self._worth} {value:.4g}, {cost(artifact):.4g} {x.split()[0]}", trial["state"],
                )
                for trial, artifact, value in measured if cost(artifact) is not None
            ]  # fmt: skip
            if points:
                title = f"{self._worth} of exported files against {'size' if name == 'bytes' else 'latency'}"
                found.append(charts.scatter(f"files_{name}", title, x, self._worth, points, True, (True, False)))
        return found

    @property
    def _worth(self) -> str:
        return self.content["experiment"]["evaluation"]["primary"]


def _points(rows: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    """What was measured; an undefined metric is nothing that could be drawn."""
    found = [(row["epoch"], row["validation"].get(name)) for row in rows if "validation" in row]
    return [(epoch, value) for epoch, value in found if value is not None and math.isfinite(value)]
