"""Finished runs in little: a folder of files that stands for a model, and the result that vouches for it."""

from __future__ import annotations

from pathlib import Path

from tfrun.export import Artifact
from tfrun.export.size import sized
from tfrun.gate import Verdict
from tfrun.record.result import Result


def finished_run(
    directory: Path, content: bytes = b"weights", blessed: bool = True, passed: bool = True, status: str = "done"
) -> Path:
    """directory: a new folder. content: of the variables' file. Returns the run directory."""
    version = directory / "exports/serving/shoes/1700000000"
    (version / "variables").mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"graph")
    (version / "variables/variables.data-00000-of-00001").write_bytes(content)
    reasons = [] if passed else ["gives NaN or infinity"]
    artifact = Artifact(
        "serving", "default", str(version.relative_to(directory)), "saved_model", passed=passed, reasons=reasons
    )
    result = Result("shoes", directory, seed=3, status=status, weights_sha256="ab" * 32)
    result.metrics = {"test": {"accuracy": 0.9}}
    result.artifacts = sized([artifact], directory)
    result.verdict = Verdict(blessed, ["gate held"] if blessed else ["test accuracy 0.5 is below gate.metrics.accuracy = 0.8"])
    result.write()
    return directory
