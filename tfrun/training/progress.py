"""What a training has reached, besides its variables: a part of every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Progress:
    """steps are of the whole run.

    phase: number of the phase; start: the step it began at; step: steps done; measured: step that was last measured.
    rows: the measurements. best_*: since the phase began; improved: when `monitor` last got better. totals: of the steps since
    the last measurement (see `step.TOTALS`). slowdown: what divergence has left of the learning rate. xla: what was chosen,
    by phase.
    """

    phase: int = 0
    start: int = 0
    step: int = 0
    measured: int = -1
    rows: list[dict] = field(default_factory=list)
    best_step: int = 0
    best_value: float | None = None
    improved: int = 0
    totals: list[float] = field(default_factory=lambda: [0.0] * 4)
    seconds_since: float = 0.0
    examples: int = 0
    seconds: float = 0.0
    slowdown: float = 1.0
    rollbacks: int = 0
    xla: dict[str, bool] = field(default_factory=dict)
    done: bool = False

    def next_phase(self) -> None:
        self.phase, self.start, self.measured = self.phase + 1, self.step, -1
        self.best_step, self.best_value, self.improved = self.step, None, self.step

    def facts(self) -> dict[str, Any]:
        return asdict(self)
