"""Measuring an exported file again: the same held-out rows, its own runtime, a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfrun.evaluation import Evaluation
from tfrun.evaluation.groups import Groups, grouped
from tfrun.evaluation.interval import paired_ratio
from tfrun.evaluation.numbers import Numbers
from tfrun.export import Artifact
from tfrun.export.held import Held
from tfrun.export.runtime import wire, worker

_TIME_LIMIT = 1800.0  # seconds; a runtime that hangs must not hang the run


class Missing(RuntimeError):
    """The runtime is not on this machine; the message says how to get it."""


class Worker:
    """A process with one runtime, for one artifact. It imports the runtime at once and waits for rows."""

    def __init__(self, runtime: str):
        self._errors = tempfile.TemporaryFile()
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        # -P: the worker's own folder is not on its path, so nothing of tfrun can be imported by accident.
        command = [sys.executable, "-P", worker.__file__, runtime]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment, start_new_session=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def measure(
        self, path: Path, held: Held, signature: str = "serving_default", repeats: int = 200, seconds: float = 2.0
    ) -> tuple[dict[str, float], np.ndarray]:
        """Returns (measurements, outputs float32 [rows, outputs]). Raises RuntimeError with the worker's last words, and Missing.

        repeats, seconds: one-row latency is taken over that many calls or that long, whichever ends first.
        """
        job = {"path": str(path), "signature": signature, "output": held.output, "repeats": repeats, "seconds": seconds}
        return self._done(job, held.batches(signature))

    def answers(self, path: Path, batches: Iterator[dict[str, np.ndarray]], signature: str, output: str) -> np.ndarray:
        """float32 [rows, ...]: one output of the file for all rows, with no eye to time. Raises as `measure` does."""
        job = {"path": str(path), "signature": signature, "output": output, "repeats": 1, "seconds": 0.0}
        return self._done(job, batches)[1]

    def _done(self, job: dict, batches: Iterator[dict[str, np.ndarray]]) -> tuple[dict[str, float], np.ndarray]:
        timer = threading.Timer(_TIME_LIMIT, self._process.kill)
        timer.start()
        try:
            self._send(job, batches)
            return self._report(), wire.receive(self._process.stdout)["outputs"]
        finally:
            timer.cancel()

    def _report(self) -> dict[str, float]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._last_words())
        report = json.loads(line)
        if "missing" in report:
            raise Missing(report["missing"])
        return report

    def _send(self, job: dict, batches: Iterator[dict[str, np.ndarray]]) -> None:
        try:
            with self._process.stdin as pipe:
                pipe.write(json.dumps(job).encode() + b"\n")
                pipe.flush()
                for batch in batches:
                    wire.send(pipe, batch)
        except BrokenPipeError as error:
            self._report()  # says what is missing, where that is why it left
            raise RuntimeError(self._last_words()) from error

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"ended with code {self._process.returncode}"


def measured(
    artifact: Artifact, runner: Worker, path: Path, held: Held, evaluation: Evaluation, largest_difference: float | None
) -> Artifact:
    """The artifact with its figures, and with `passed` and `reasons` as far as no gate is asked."""
    if artifact.reasons:
        return artifact
    try:
        report, outputs = runner.measure(path, held, artifact.signature)
    except Missing as missing:
        return replace(artifact, reasons=[f"not measured: {missing}"])
    except RuntimeError as error:
        return replace(artifact, reasons=[f"does not run: {error}"])
    if outputs.shape != held.probabilities.shape:
        return replace(artifact, reasons=[f"gives {list(outputs.shape)} instead of {list(held.probabilities.shape)}"])
    artifact = replace(
        artifact,
        latency_ms={key: round(report[key], 4) for key in ("cold_load", "cold_first", "p50", "p99")},
        import_ms=round(report["import_ms"], 1),
        rows_per_second=round(report["rows_per_second"], 1),
        peak_memory_bytes=report["peak_memory_bytes"],
    )
    if not np.isfinite(outputs).all():
        return replace(artifact, reasons=["gives NaN or infinity"])
    return _compared(artifact, outputs, held, evaluation, largest_difference)


def _compared(
    artifact: Artifact, outputs: np.ndarray, held: Held, evaluation: Evaluation, largest_difference: float | None
) -> Artifact:
    """With what it keeps of the trained model. outputs: float32 [rows, outputs]."""
    labels, classes = held.split.labels, outputs.shape[1]
    metrics = evaluation.measure(labels, outputs, classes)
    differences = np.abs(outputs - held.probabilities)
    largest = float(differences.max())
    reasons = []
    largest_difference = None if largest_difference is None else largest_difference * held.unit
    if largest_difference is not None and largest > largest_difference:
        reasons.append(f"{held.output} differ by {largest:.2g} from the trained model, more than {largest_difference:g}")
    base = held.metrics[evaluation.primary]
    return replace(
        artifact,
        metrics=metrics,
        retention=metrics[evaluation.primary] / base if base > 0 else None,
        retention_interval=paired_ratio(
            lambda some, probabilities: evaluation.headline(some, probabilities, classes), labels, outputs, held.probabilities
        ),
        max_abs_difference=largest,
        mean_abs_difference=float(differences.mean()),
        agreement=_agreement(grouped(labels, outputs), grouped(labels, held.probabilities)),
        passed=not reasons,
        reasons=reasons,
    )


def _agreement(ours: Groups, base: Groups) -> float | None:
    """Share of rows with the same class, or classes; None of numbers."""
    if isinstance(ours, Numbers):
        return None
    same = ours.predicted == base.predicted
    return float((same if same.ndim == 1 else same.all(axis=1)).mean())
