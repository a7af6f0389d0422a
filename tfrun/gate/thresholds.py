"""Thresholds for the test split, its slices, the exported files, and against the model that is in use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from tfrun.component import setting
from tfrun.config.problems import Problem, nearest
from tfrun.evaluation.metrics import LOWER_IS_BETTER
from tfrun.evaluation.slices import CROSS
from tfrun.gate import Gate


class Thresholds(Gate):
    """Metrics of the test split and of slices, what each exported file keeps of them, and the model in use."""

    metrics: dict[str, float] = setting(dict, "test metric: least value (for loss, brier and ece: largest)")
    slices: dict[str, float] = setting(
        dict, "slice of evaluation.slices (crossed ones as 'a × b'): least value of the primary metric in each of its values"
    )
    slice_rows: int = setting(30, "values of a slice with fewer test rows are not judged", unit="rows", ge=1)
    worst_slices: bool = setting(True, "true: slices that evaluation.slices=auto finds may be there; false: none may")
    anomalies: Literal["error", "warning", "none"] = setting(
        "error", "the worst that data checks may have found: error: anything; warning: no errors; none: nothing at all"
    )
    champion: str | None = setting(
        None,
        "the model in use, measured on the same test rows: a run directory, or registry: the version with the alias champion; null: none",
    )
    champion_rule: Literal["not_worse", "better"] = setting(
        "not_worse",
        "of the primary metric, by the 95 % interval of the difference: not_worse: refused when it is worse for certain; better: refused "
        "unless it is better for certain",
    )
    champion_margin: float | None = setting(
        None, "not_worse: refused unless it is certain that no more than this is lost; null: no such rule", ge=0
    )
    retention: float | None = setting(
        0.95, "least share of the primary metric that each file keeps; null: no such rule", gt=0, le=1.1
    )
    max_megabytes: dict[str, float] = setting(dict, "target/variant: largest size", unit="MB (10^6 bytes)")
    max_p99_ms: dict[str, float] = setting(
        dict, "target/variant: longest p99 of answers to one row, on this machine", unit="ms"
    )

    def compared_with(self):
        return self.champion

    def problems(self, evaluation, files) -> list[Problem]:
        known = evaluation.metric_names()
        limits = [(f"{key}.{name}", name) for key in ("max_megabytes", "max_p99_ms") for name in getattr(self, key)]
        slices = [name if isinstance(name, str) else CROSS.join(name) for name in evaluation.slices]
        unknown_slices = [
            Problem(f"gate.slices.{name}", "is none of evaluation.slices", nearest(name, slices), limit)
            for name, limit in self.slices.items()
            if name not in slices
        ]
        if not self.worst_slices and "auto" not in slices:
            rule, way_out = "can only hold where they are looked for", "use evaluation.slices=auto"
            unknown_slices.append(Problem("gate.worst_slices", rule, way_out, self.worst_slices))
        unknown = [
            Problem(f"gate.{key}", "is no file of this run", nearest(name, files)) for key, name in limits if name not in files
        ]
        return (
            unknown_slices
            + unknown
            + [
                Problem(f"gate.metrics.{name}", "is not measured", f"{nearest(name, known)} (evaluation.metrics)", value)
                for name, value in self.metrics.items()
                if name not in known
            ]
        )

    def model_reasons(self, result) -> list[str]:
        return [*self._metrics(result), *self._slices(result), *self._data(result), *self._champion(result)]

    def _metrics(self, result) -> Iterator[str]:
        test = result.metrics.get("test", {})
        for name, limit in self.metrics.items():
            value = test.get(name)
            lower = name in LOWER_IS_BETTER
            if value is None or not (value <= limit if lower else value >= limit):
                shown = "not measured" if value is None else f"{value:.4g}"
                yield f"test {name} {shown} is {'above' if lower else 'below'} gate.metrics.{name} = {limit:g}"

    def _slices(self, result) -> Iterator[str]:
        for slice_, limit in self.slices.items():
            for value, figures in result.slices.get("test", {}).get(slice_, {}).items():
                primary = figures[result.primary]
                if figures["rows"] >= self.slice_rows and not (primary is not None and primary >= limit):
                    shown = "is not defined" if primary is None or math.isnan(primary) else f"{primary:.4g} is below {limit:g}"
                    yield f"{slice_} = {value}: {result.primary} {shown} on {figures['rows']} test rows (gate.slices)"
        if not self.worst_slices:
            for one in result.worst_slices:
                where = f"{one['slice']} = {one['value']}"
                yield f"{where}: worse than the other test rows for certain ({one['rows']} rows, gate.worst_slices)"

    def _data(self, result) -> Iterator[str]:
        forbidden = {"error": (), "warning": ("error",), "none": ("error", "warning")}[self.anomalies]
        found = [one for one in result.checks.get("anomalies", []) if one["severity"] in forbidden]
        if found:
            yield f"the data checks found {len(found)} anomalies, first: {found[0]['text']} (gate.anomalies = {self.anomalies})"

    def _champion(self, result) -> Iterator[str]:
        found = result.champion
        if found.get("problem"):
            yield f"cannot be compared with the champion: {found['problem']} (gate.champion)"
        elif "difference" in found:
            low, high = found["interval"]
            said = f"{found['metric']} {found['difference']:+.4f} ({low:+.4f} … {high:+.4f}) against the champion's {found['theirs']:.4f}"
            if self.champion_rule == "better" and low <= 0:
                yield f"{said}: not better for certain (gate.champion_rule)"
            elif self.champion_rule == "not_worse" and high < 0:
                yield f"{said}: worse for certain (gate.champion_rule)"
            elif self.champion_margin is not None and low < -self.champion_margin:
                yield f"{said}: it may lose more than gate.champion_margin = {self.champion_margin:g}"

    def artifact_reasons(self, artifact) -> list[str]:
        reasons = []
        if self.retention is not None and not (artifact.retention is not None and artifact.retention >= self.retention):
            reasons.append(
                f"keeps {artifact.retention or 0:.3f} of the primary metric, less than gate.retention = {self.retention:g}"
            )
        megabytes, p99 = self.max_megabytes.get(artifact.name), self.max_p99_ms.get(artifact.name)
        if megabytes is not None and artifact.bytes > megabytes * 1e6:
            reasons.append(f"is {artifact.bytes / 1e6:.2f} MB, more than gate.max_megabytes = {megabytes:g}")
        if p99 is not None and not (artifact.latency_ms["p99"] is not None and artifact.latency_ms["p99"] <= p99):
            reasons.append(f"takes {artifact.latency_ms['p99']} ms (p99), more than gate.max_p99_ms = {p99:g}")
        return reasons

    def praise(self) -> str:
        held = [
            f"{name} ≥ {limit:g}" if name not in LOWER_IS_BETTER else f"{name} ≤ {limit:g}"
            for name, limit in self.metrics.items()
        ]
        held += [f"each {name} ≥ {limit:g}" for name, limit in self.slices.items()]
        held += [f"against the champion: {self.champion_rule.replace('_', ' ')}"] if self.champion else []
        held += [f"retention ≥ {self.retention:g}"] if self.retention is not None else []
        return "gate held: " + ", ".join(held) if held else "no threshold is set"
