"""The charts of a sweep as points on a canvas: plain geometry, drawn by charts.svg.j2."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfrun.component import as_typed
from tfrun.sweep.pareto import pareto

WIDTH, HEIGHT = 520.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 14.0, 40.0
_POINTS = 200  # of one curve: more cannot be seen
_WIDE, _TALL = 1180.0, 330.0  # parallel coordinates
_ROOM = 0.04  # of a scale, beyond its lowest and highest value


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """One trial in a chart. look: its state, and `best` or `front`. label: what is said of it."""

    trial: int
    label: str
    look: str
    x: float = 0.0
    y: float = 0.0
    path: str = ""  # of a line, in SVG's grammar
    ends: bool = False  # a line that was cut short there


@dataclass(frozen=True)
class Chart:
    """name: of its file. front: the Pareto set as a line, in SVG's grammar."""

    name: str
    title: str
    x: str
    y: str
    xs: list[Tick]
    ys: list[Tick]
    marks: list[Mark]
    front: str = ""
    is_curves: bool = False
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Axis:
    """One of the parallel coordinates."""

    name: str
    at: float
    ticks: list[Tick]


@dataclass(frozen=True)
class Parallel:
    name: str
    title: str
    axes: list[Axis]
    marks: list[Mark]
    width: float = _WIDE
    height: float = _TALL


@dataclass(frozen=True)
class Point:
    """A trial, or one of its files, before it is placed."""

    trial: int
    x: float
    y: float
    label: str
    look: str


def scatter(
    name: str, title: str, x: str, y: str, points: Sequence[Point], log: bool = False, front: tuple[bool, bool] | None = None
) -> Chart:
    """log: of x. front: (less x is better, less y is better), to mark the Pareto set of what is done."""
    across = _scale([point.x for point in points], _LEFT, WIDTH - _RIGHT, log)
    up = _scale([point.y for point in points], HEIGHT - _BOTTOM, _TOP)
    done = [number for number, point in enumerate(points) if point.look.startswith("done")]
    chosen = [done[place] for place in pareto([(points[n].x, points[n].y) for n in done], front)] if front else []
    marks = [
        Mark(p.trial, p.label, f"{p.look} front" if number in chosen else p.look, across(p.x), up(p.y))
        for number, p in enumerate(points)
    ]
    line = sorted({(marks[number].x, marks[number].y) for number in chosen})
    path = _stairs(line) if len(line) > 1 else ""
    return Chart(name, title, x, y, across.ticks, up.ticks, marks, path)


def curves(name: str, title: str, y: str, lines: Sequence[tuple[int, str, str, list[tuple[float, float]]]]) -> Chart:
    """lines: (trial, label, look, points (epoch, value)). Those that look pruned or failed get a cross at their end."""
    lines = [(trial, label, look, _thinned(points)) for trial, label, look, points in lines if points]
    across = _scale([x for *_, points in lines for x, _ in points], _LEFT, WIDTH * 2 - _RIGHT)
    up = _scale([y for *_, points in lines for _, y in points], HEIGHT - _BOTTOM, _TOP)
    marks = [
        Mark(
            trial, label, look, across(points[-1][0]), up(points[-1][1]),
            _path([(across(x), up(y)) for x, y in points]), look.startswith(("pruned", "failed")),
        )
        for trial, label, look, points in lines
    ]  # fmt: skip
    return Chart(name, title, "epoch", y, across.ticks, up.ticks, marks, is_curves=True, width=WIDTH * 2)


def parallel(keys: dict[str, tuple[str, bool]], rows: Sequence[tuple[int, str, str, dict[str, Any]]]) -> Parallel:
    """keys: {column: (its name, whether it is logarithmic)}. rows: (trial, label, look, {column: value or nothing})."""
    gap = (_WIDE - 160) / max(len(keys) - 1, 1)
    axes, places = [], {}
    for number, (key, (name, log)) in enumerate(keys.items()):
        scale = _any_scale([row[3][key] for row in rows if row[3].get(key, _NONE) is not _NONE], _TALL - 40, 46.0, log)
        axes.append(Axis(name, 80 + gap * number, scale.ticks))
        places[key] = scale
    marks = []
    for trial, label, look, values in rows:
        points = [
            (axis.at, places[key](values[key]))
            for axis, key in zip(axes, keys, strict=True)
            if values.get(key, _NONE) is not _NONE
        ]
        if len(points) > 1:
            marks.append(Mark(trial, label, look, path=_path(points)))
    return Parallel("parallel", "Parallel coordinates", axes, marks)


_NONE = object()  # None is a value that people search over


@dataclass(frozen=True)
class _Scale:
    place: Callable[[Any], float]
    ticks: list[Tick]

    def __call__(self, value: Any) -> float:
        return round(self.place(value), 1)


def _any_scale(values: list[Any], begin: float, end: float, log: bool) -> _Scale:
    """As `_scale`; other values than numbers are places beside each other."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return _scale(values, begin, end, log)
    names = sorted({str(as_typed(value)) for value in values})
    step = (end - begin) / len(names)
    places = {name: begin + step * (number + 0.5) for number, name in enumerate(names)}
    return _Scale(lambda value: places[str(as_typed(value))], [Tick(round(at, 1), name[:18]) for name, at in places.items()])


def _scale(values: Sequence[float], begin: float, end: float, log: bool = False) -> _Scale:
    log = log and min(values, default=0) > 0
    turned = [math.log10(value) if log else float(value) for value in values] or [0.0]
    low, high = min(turned), max(turned)
    if high - low < 1e-12:
        room = abs(low) * 0.05 or 0.5
        low, high = low - room, high + room
    low, high = low - _ROOM * (high - low), high + _ROOM * (high - low)

    def place(value: float) -> float:
        return begin + ((math.log10(value) if log else value) - low) / (high - low) * (end - begin)

    marks = _round_logs(low, high) if log else _round_numbers(low, high)
    return _Scale(place, [Tick(round(place(mark), 1), _number(mark)) for mark in marks])


def _number(value: float) -> str:
    for unit, word in ((1e9, "G"), (1e6, "M")):
        if unit <= abs(value) < 1e12:
            return f"{value / unit:.4g}{word}"
    return f"{value:.4g}"


def _round_numbers(low: float, high: float) -> list[float]:
    """Three to eight round numbers within."""
    rough = (high - low) / 5
    step = 10.0 ** math.floor(math.log10(rough))
    step *= next(factor for factor in (1, 2, 5, 10) if step * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _round_logs(low: float, high: float) -> list[float]:
    """low, high: of the logarithm to base 10."""
    tens = [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
    if len(tens) > 8:
        return tens[:: math.ceil(len(tens) / 8)]
    if len(tens) > 1:
        return tens
    fine = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for factor in (1, 2, 5)]
    inside = [mark for mark in fine if low <= math.log10(mark) <= high]
    return inside if len(inside) > 1 else [10**low, 10**high]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most so many of them, among them the first, the last, and the highest and lowest of each stretch."""
    if len(points) <= _POINTS:
        return points
    stretch = math.ceil(2 * (len(points) - 2) / (_POINTS - 2))
    kept = [points[0]]
    for begin in range(1, len(points) - 1, stretch):
        part = points[begin : min(begin + stretch, len(points) - 1)]
        kept += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return [*kept, points[-1]]


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _stairs(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(
        f"{x:.1f},{y:.1f}" + (f"H{points[number + 1][0]:.1f}" if number + 1 < len(points) else "")
        for number, (x, y) in enumerate(points)
    )
