"""Measuring an exported file again: the same held-out rows, its own runtime, a fresh process."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tfrun.dataset import Split
from tfrun.evaluation import Evaluation
from tfrun.export import Artifact, worker

_BATCH = 32
_SMALL, _BATCH_OF_SMALL = 1024, 512  # bytes of a row: up to there, as in tables, a call costs more than its rows
_TIME_LIMIT = 1800.0  # seconds; a runtime that hangs must not hang the run


@dataclass(frozen=True)
class Held:
    """Held-out rows and what the trained model says of them: float32 [rows, classes]. to_numeric: see export.Source."""

    split: Split
    probabilities: np.ndarray
    metrics: dict[str, float]
    to_numeric: Callable[[dict], dict] | None = None

    def batches(self, signature: str) -> Iterator[dict[str, np.ndarray]]:
        """The rows as the signature takes them."""
        rows = self.split.inputs()
        first = next(rows)
        small = sum(np.asarray(value).nbytes for value in first.values()) <= _SMALL
        batches = same_size_batches(itertools.chain([first], rows), _BATCH_OF_SMALL if small else _BATCH)
        if signature == "serving_default":
            return batches
        return ({name: np.asarray(value) for name, value in self.to_numeric(batch).items()} for batch in batches)


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
        """Returns (measurements, outputs float32 [rows, classes]). Raises RuntimeError with the worker's last words.

        repeats, seconds: one-row latency is taken over that many calls or that long, whichever ends first.
        """
        job = {"path": str(path), "signature": signature, "output": "probabilities", "repeats": repeats, "seconds": seconds}
        timer = threading.Timer(_TIME_LIMIT, self._process.kill)
        timer.start()
        try:
            self._send(job, held.batches(signature))
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(self._last_words())
            return json.loads(line), worker.receive(self._process.stdout)["outputs"]
        finally:
            timer.cancel()

    def _send(self, job: dict, batches: Iterator[dict[str, np.ndarray]]) -> None:
        try:
            with self._process.stdin as pipe:
                pipe.write(json.dumps(job).encode() + b"\n")
                pipe.flush()
                for batch in batches:
                    worker.send(pipe, batch)
        except BrokenPipeError as error:
            raise RuntimeError(self._last_words()) from error

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"ended with code {self._process.returncode}"


def same_size_batches(rows: Iterator[dict[str, np.ndarray]], limit: int = _BATCH) -> Iterator[dict[str, np.ndarray]]:
    """Neighbouring rows of one shape in batches [n, ...], in order."""
    batch: list[dict[str, np.ndarray]] = []
    for row in rows:
        if batch and (_shapes(row) != _shapes(batch[0]) or len(batch) == limit):
            yield _stacked(batch)
            batch = []
        batch.append(row)
    if batch:
        yield _stacked(batch)


def _shapes(row: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    return [np.shape(value) for value in row.values()]


def _stacked(rows: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Strings come out as bytes of one length: what a pipe can take."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def measured(
    artifact: Artifact, runner: Worker, path: Path, held: Held, evaluation: Evaluation, largest_difference: float | None
) -> Artifact:
    """The artifact with its figures, and with `passed` and `reasons` as far as no gate is asked."""
    if artifact.reasons:
        return artifact
    try:
        report, outputs = runner.measure(path, held, artifact.signature)
    except RuntimeError as error:
        return replace(artifact, reasons=[f"does not run: {error}"])
    if outputs.shape != held.probabilities.shape:
        return replace(artifact, reasons=[f"gives {list(outputs.shape)} instead of {list(held.probabilities.shape)}"])
    latency = {key: round(report[key], 4) for key in ("cold_load", "cold_first", "p50", "p99")}
    artifact = replace(artifact, latency_ms=latency, peak_memory_bytes=report["peak_memory_bytes"])
    if not np.isfinite(outputs).all():
        return replace(artifact, reasons=["gives NaN or infinity"])
    metrics = evaluation.measure(held.split.labels, outputs, outputs.shape[1])
    difference = float(np.abs(outputs - held.probabilities).max())
    reasons = []
    if largest_difference is not None and difference > largest_difference:
        reasons.append(f"probabilities differ by {difference:.2g} from the trained model, more than {largest_difference:g}")
    base = held.metrics[evaluation.primary]
    return replace(
        artifact,
        metrics=metrics,
        retention=metrics[evaluation.primary] / base if base else None,
        max_abs_difference=difference,
        agreement=float((outputs.argmax(axis=1) == held.probabilities.argmax(axis=1)).mean()),
        passed=not reasons,
        reasons=reasons,
    )


def sized(artifacts: list[Artifact], run_directory: Path) -> list[Artifact]:
    """With bytes, hashes, and their ratios to the SavedModel folder and to the float32 TFLite file."""
    weighed = [replace(a, bytes=size_of(run_directory / a.path), sha256=hash_of(run_directory / a.path)) for a in artifacts]
    saved_model = next((a.bytes for a in weighed if a.target == "saved_model"), 0)
    float_tflite = next((a.bytes for a in weighed if a.target == "tflite" and a.variant == "float32"), 0)
    return [
        replace(
            a,
            bytes_vs_saved_model=a.bytes / saved_model if saved_model and a.bytes else None,
            bytes_vs_float_tflite=a.bytes / float_tflite if float_tflite and a.bytes and a.target == "tflite" else None,
        )
        for a in weighed
    ]


def files_of(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in files_of(path))


def hash_of(path: Path) -> str:
    """sha256 of a file; of a folder: over names and contents in order of names; '' where there is nothing."""
    files = files_of(path)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(path)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest() if files else ""
