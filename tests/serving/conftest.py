"""A real exported model, pushed into a repository, and a server of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.export.conftest import ready  # noqa: F401  a fixture


@dataclass(frozen=True)
class Served:
    """repository: its folder. rest, grpc: ports on loopback."""

    repository: Path
    rest: int
    grpc: int

    def url(self, rest: str = "") -> str:
        return f"http://127.0.0.1:{self.rest}/v1/models/shoes{rest}"

    @property
    def grpc_address(self) -> str:
        return f"127.0.0.1:{self.grpc}"


@pytest.fixture(scope="session")
def exported(ready) -> Path:  # noqa: F811
    """A run directory with a `serving` export that was measured and passed."""
    from tfrun.evaluation.standard import Standard
    from tfrun.export import contract
    from tfrun.export.measure import Worker, measured
    from tfrun.export.saved_model import SavedModel
    from tfrun.export.serving import Serving
    from tfrun.export.size import sized
    from tfrun.gate import Verdict
    from tfrun.record.result import Result

    contract.write(ready.source.contract, ready.directory / "exports")
    artifacts = [*SavedModel().write(ready.source), *Serving(name="shoes", version=4, warmup_rows=3).write(ready.source)]
    result = Result("shoes", ready.directory, 0, "done", weights_sha256="ab" * 32)
    with Worker("saved_model") as worker:
        last = measured(artifacts[-1], worker, ready.directory / artifacts[-1].path, ready.held, Standard(), 1e-4)
    result.artifacts = sized([replace(artifacts[0], passed=True), last], ready.directory)
    result.verdict = Verdict(True, ["2 of 2 exported files passed"])
    result.write()
    return ready.directory


@contextmanager
def serving(repository: Path, config: str = "models.config") -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.serving.server", repository, config]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            rest, grpc = map(int, process.stdout.readline().split())
            yield Served(repository, rest, grpc)
        finally:
            process.stdin.close()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def served(exported, tmp_path_factory) -> Iterator[Served]:
    """Version 1 is stable, version 2 the canary."""
    from tfrun.serving.evidence import evidence
    from tfrun.serving.repository import Repository

    repository = Repository(tmp_path_factory.mktemp("models"))
    repository.push(evidence(exported), label="stable")
    repository.push(evidence(exported))
    with serving(repository.folder) as server:
        yield server
