"""Exports: files that leave. Each is measured again, in its own runtime, in a fresh process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tfrun.component import Component
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.export.held import Held
    from tfrun.export.trained import Trained


@dataclass(frozen=True)
class Artifact:
    """One exported file or folder and, once measured, what it is worth.

    path: relative to the run directory. signature: the one it answers. retention: primary metric over the trained model's, on the same
    rows; retention_interval: [low, high], 95 %, paired. max_abs_difference, mean_abs_difference: of probabilities, to the trained model's.
    agreement: share of rows with the same top class. latency_ms: cold_load, cold_first answer, then p50 and p99 of one row; import_ms: of the runtime, before.
    rows_per_second: in batches. details: what only this target can tell, in plain values.
    """

    target: str
    variant: str
    path: str
    runtime: str
    bytes: int = 0
    sha256: str = ""
    bytes_vs_saved_model: float | None = None
    bytes_vs_float_tflite: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    retention: float | None = None
    retention_interval: list[float] | None = None
    max_abs_difference: float | None = None
    mean_abs_difference: float | None = None
    agreement: float | None = None
    latency_ms: dict[str, float | None] = field(
        default_factory=lambda: dict.fromkeys(("cold_load", "cold_first", "p50", "p99"))
    )
    import_ms: float | None = None
    rows_per_second: float | None = None
    peak_memory_bytes: int | None = None
    passed: bool = False
    reasons: list[str] = field(default_factory=list)
    signature: str = "serving_default"
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return name_of(self.target, self.variant)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def name_of(target: str, variant: str) -> str:
    """Of an artifact, wherever one is named."""
    return target if variant == "default" else f"{target}/{variant}"


@dataclass(frozen=True)
class Source:
    """What targets are made from.

    name: the experiment's. saved_model: folder of the whole model as a SavedModel, each weight once. contract: see contract.py.
    held: held-out rows. to_numeric: a raw batch -> a batch for the signature `numeric`, which runtimes without strings take; None:
    there is none. trained: for targets that choose on the validation split; None: nothing can be chosen.
    """

    name: str
    saved_model: Path
    data: Data
    held: Held
    contract: dict[str, Any]
    run_directory: Path
    seed: int
    to_numeric: Callable[[dict], dict] | None = None
    trained: Trained | None = None

    @property
    def signature(self) -> str:
        """The one that runtimes without strings take."""
        return "serving_default" if self.to_numeric is None else "numeric"

    @property
    def scratch(self) -> Path:
        """A folder beside `saved_model` that is gone after the run."""
        return self.saved_model.parent


class Export(Component):
    """Protocol of the group: `write(source)` makes the files and gives one Artifact each, not yet measured."""

    works_apart: ClassVar[bool] = False  # uses tfrun.apart, which is better started early

    @property
    def target(self) -> str:
        """Name of the target: its folder under `exports/`."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """Names of the artifacts it will make, as `Artifact.name` gives them."""
        return [self.target]

    def problems(self, key: str) -> list[Problem]:
        """What can be told to be wrong before the run starts. key: of this target in the config."""
        return []

    def write(self, source: Source) -> list[Artifact]:
        """A file that could not be made is an Artifact with `reasons`; it does not stop the others."""
        raise NotImplementedError

    def largest_difference(self, variant: str) -> float | None:
        """Probabilities of this variant may differ this much from the trained model's; None: no such rule."""
        return None
