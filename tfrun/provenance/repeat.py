"""A run made again: is it the same one, and where did it first go another way?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.provenance import differences, surroundings
from tfrun.provenance.differences import Difference
from tfrun.provenance.files import predictions
from tfrun.provenance.git import diff
from tfrun.provenance.secrets import masked, masked_values
from tfrun.record.result import finite

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.export.held import Held
    from tfrun.provenance.original import Original
    from tfrun.record import Record
    from tfrun.record.result import Result

Examine = Callable[["Experiment", "Data", "Record", "Result"], None]

TOLERANCE = 0.01  # of probabilities and of metrics on the test split


class NoOriginal:
    """A run that repeats none."""

    def before(self, record: Record) -> None:
        """Called before anything is done."""

    def examining(self, examine: Examine) -> Examine:
        """examine: what checks the data when they are open. Returns what is to be called in its place."""
        return examine

    def after(self, record: Record, result: Result, held: Held) -> dict[str, Any]:
        """Called when all is measured. Returns `repeat` of the result."""
        return {}


NO_ORIGINAL = NoOriginal()


class Repeat:
    """Compares a run with the one that it repeats, as it goes on.

    identical: the same weights, bit for bit. equivalent: on the test rows, no answer (of numbers: over the standard deviation of the labels) and no metric differs by more than
    `tolerance`. different: anything else.
    """

    def __init__(self, original: Original, tolerance: float = TOLERANCE):
        self.original, self.tolerance = original, tolerance
        self._found: list[Difference] = []

    def before(self, record: Record) -> None:
        record.say(f"{'repeat':<11} of {self.original.name}")
        self._tell(record, differences.of_surroundings(self.original.result["environment"], self._now()))

    def examining(self, examine: Examine) -> Examine:
        def told(experiment: Experiment, data: Data, record: Record, result: Result) -> None:
            self._tell_data(record, result)
            examine(experiment, data, record, result)

        return told

    def _tell_data(self, record: Record, result: Result) -> None:
        then = self.original.result
        found = differences.of_devices(then["environment"], masked_values(result.environment))
        self._tell(record, [*found, *differences.of_data(then["data"], result.data)])
        if not self._found:
            record.say(f"{'repeat':<11} data, packages, machine and code are those of the run")

    def after(self, record: Record, result: Result, held: Held) -> dict[str, Any]:
        largest = self._largest(held)
        metrics = _metric_differences(self.original.result["metrics"].get("test", {}), finite(result.metrics["test"]))
        if result.weights_sha256 == self.original.result["weights_sha256"]:
            outcome = "identical"
        elif largest is not None and largest <= self.tolerance and max(metrics.values(), default=0.0) <= self.tolerance:
            outcome = "equivalent"
        else:
            outcome = "different"
        return {
            "of": self.original.name, "outcome": outcome, "tolerance": self.tolerance,
            "largest_difference": largest, "metric_differences": metrics,
            "diverged": "" if outcome == "identical" else self._diverged(record.directory, result),
            "exports": _same_files(self.original.result["artifacts"], result.artifacts),
            "differences": [item.as_dict() for item in self._found],
        }  # fmt: skip

    def _now(self) -> dict[str, Any]:
        now = surroundings()
        if now["git"]["dirty"]:
            import hashlib

            now["git"]["diff_sha256"] = hashlib.sha256(masked(diff()).encode()).hexdigest()
        return masked_values(now)

    def _tell(self, record: Record, found: list[Difference]) -> None:
        self._found += found
        for item in found:
            record.warn(f"not as in the run that is repeated: {item}")

    def _largest(self, held: Held) -> float | None:
        """Of the answers to the first test rows, numbers over the standard deviation of the labels; None where the original kept none, or of another shape."""
        then = predictions(self.original.directory)
        now = held.probabilities[: len(then)] if then is not None else None
        if then is None or then.shape != now.shape:
            return None
        return float(np.abs(then - now.astype(np.float32)).max(initial=0.0)) / held.unit

    def _diverged(self, directory: Path, result: Result) -> str:
        """The first thing that is not the same, in the order in which a run makes them."""
        then = self.original.result
        if then["data"].get("fingerprint") != result.data["fingerprint"]:
            return "the data: another fingerprint"
        if then["backbone"].get("sha256") != result.backbone["sha256"]:
            return "the backbone: other files"
        initial = then.get("initial_weights_sha256")
        if initial and initial != result.initial_weights_sha256:
            return "the initial weights of the head"
        return first_divergence(self.original.directory / "metrics.jsonl", directory / "metrics.jsonl")


def first_divergence(then: Path, now: Path) -> str:
    """Of two metrics.jsonl: the first measurement that is not the same in both."""
    if not then.is_file():
        return "somewhere in training: the run that is repeated left no metrics.jsonl"
    before, after = _rows(then), _rows(now)
    for key in dict.fromkeys([*before, *after]):
        where = f"training, phase {key[0]}, step {key[1]}"
        if key not in before or key not in after:
            return f"{where}: measured in one of the runs only"
        old, new = before[key], after[key]
        for name in old:
            if old[name] != new.get(name):
                return f"{where} (epoch {old['epoch']}): {name} {old[name]} → {new.get(name)}"
    return "training, after the last measurement, or below what the measurements show"


def summary(repeat: dict[str, Any]) -> list[str]:
    """For a person: the outcome first, then what stands behind it."""
    largest = repeat["largest_difference"]
    worst = max(repeat["metric_differences"].items(), key=lambda item: item[1], default=("", 0.0))
    figures = "no predictions to compare" if largest is None else f"largest difference of test answers {largest:.3g}"
    figures += f", of test metrics {worst[1]:.3g} ({worst[0]})" if worst[0] else ""
    said = {
        "identical": "identical: the same weights, bit for bit",
        "equivalent": f"equivalent: other weights, but {figures}; tolerance {repeat['tolerance']:g}",
        "different": f"different: {figures}; tolerance {repeat['tolerance']:g}",
    }[repeat["outcome"]]
    exports = repeat["exports"]
    lines = [said + f"; {exports['same']} of {exports['all']} exported files have the same bytes" if exports["all"] else said]
    if repeat["diverged"]:
        lines.append(f"first differs in {repeat['diverged']}")
    return lines


def _rows(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Measurements by phase and step, without time and machine."""
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        values = {f"{split} {name}": value for split in ("train", "validation") for name, value in row.get(split, {}).items()}
        rows[(row["phase"], row["step"])] = {"epoch": row["epoch"], **values}
    return rows


def _metric_differences(then: dict[str, Any], now: dict[str, Any]) -> dict[str, float]:
    both = [name for name in then if isinstance(then[name], int | float) and isinstance(now.get(name), int | float)]
    return {name: abs(then[name] - now[name]) for name in both}


def _same_files(then: list[dict[str, Any]], now: list) -> dict[str, Any]:
    before = {(item["target"], item["variant"]): item["sha256"] for item in then}
    other = [item.name for item in now if before.get((item.target, item.variant)) != item.sha256]
    return {"all": len(now), "same": len(now) - len(other), "other": other}
