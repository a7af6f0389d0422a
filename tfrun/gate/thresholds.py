"""Absolute thresholds."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.config.problems import Problem, nearest
from tfrun.evaluation.metrics import LOWER_IS_BETTER
from tfrun.gate import Gate


class Thresholds(Gate):
    """Metrics of the test split, and what each exported file keeps of them."""

    metrics: dict[str, float] = setting(dict, "test metric: least value (for loss and brier: largest)")
    retention: float | None = setting(
        0.95, "least share of the primary metric that each file keeps; null: no such rule", gt=0, le=1.1
    )
    max_megabytes: dict[str, float] = setting(dict, "target/variant: largest size", unit="MB (10^6 bytes)")
    max_p99_ms: dict[str, float] = setting(
        dict, "target/variant: longest p99 of answers to one row, on this machine", unit="ms"
    )

    def problems(self, evaluation, files) -> list[Problem]:
        known = evaluation.metric_names()
        limits = [(f"{key}.{name}", name) for key in ("max_megabytes", "max_p99_ms") for name in getattr(self, key)]
        unknown = [
            Problem(f"gate.{key}", "is no file of this run", nearest(name, files)) for key, name in limits if name not in files
        ]
        return unknown + [
            Problem(f"gate.metrics.{name}", "is not measured", f"{nearest(name, known)} (evaluation.metrics)", value)
            for name, value in self.metrics.items()
            if name not in known
        ]

    def model_reasons(self, metrics) -> list[str]:
        test, reasons = metrics.get("test", {}), []
        for name, limit in self.metrics.items():
            value = test.get(name)
            lower = name in LOWER_IS_BETTER
            if value is None or not (value <= limit if lower else value >= limit):
                shown = "not measured" if value is None else f"{value:.4g}"
                reasons.append(f"test {name} {shown} is {'above' if lower else 'below'} gate.metrics.{name} = {limit:g}")
        return reasons

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
        held += [f"retention ≥ {self.retention:g}"] if self.retention is not None else []
        return "gate held: " + ", ".join(held) if held else "no threshold is set"
