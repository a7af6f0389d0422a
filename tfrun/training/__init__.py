"""Training: what is trained, in which order, for how long."""

from __future__ import annotations

from typing import Literal

from tfrun.component import Component, Settings, setting
from tfrun.duration import Duration


class Phase(Settings):
    """One stretch of training with one set of trained variables."""

    name: str
    epochs: float
    unfreeze: bool = False
    learning_rate: float | None = None
    backbone_learning_rate: float = 1.0
    batch_norm: Literal["fixed", "update"] = "fixed"
    keep: Literal["best", "last"] = "best"


class Training(Component):
    """Protocol of the group: `phases()` says what is trained when."""

    epochs: float = setting(10, "passes over the training split", unit="epochs", gt=0, le=1e6)
    batch_size: int = setting(32, "rows a step, over all devices", unit="rows", ge=1)
    evaluate_every: Duration = setting(
        "1 epochs", "time between measurements on the validation split", unit="steps, epochs, examples or %"
    )
    keep: Literal["best", "last"] = setting(
        "best", "weights to keep at the end: best on the validation split (those before the phase count too), or the last"
    )
    monitor: str = setting("loss", "validation metric that says which weights are best")
    steps_per_call: int = setting(50, "most optimizer steps in one call of the compiled loop", unit="steps", ge=1)

    def phases(self) -> tuple[Phase, ...]:
        raise NotImplementedError

    def shortened(self) -> Training:
        """For `debug=fast`."""
        return self.model_copy(update={"epochs": 1.0})

    @property
    def unfreezes(self) -> bool:
        return any(phase.unfreeze for phase in self.phases())
