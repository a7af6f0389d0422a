"""Training: what is trained, in which order, for how long, and how one step is done."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from tfrun.component import Component, Settings, setting
from tfrun.duration import Duration

_TIME = "steps, epochs, examples or %"
_Weight = Annotated[float, Field(gt=0)]


class Group(Settings):
    """Variables of the backbone or the head that learn at a pace of their own. The first group that fits a variable has it."""

    pattern: str = setting(
        help="regular expression, searched for in the variables' names, like backbone/012_block1_conv_kernel"
    )
    learning_rate: float = setting(1.0, "learning rate", unit="share of what these variables would have", ge=0, le=100)
    unfreeze: Duration = setting("0 steps", "time from the start of a phase until they are trained", unit=_TIME)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from error
        return value


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
    evaluate_every: Duration = setting("1 epochs", "time between measurements on the validation split", unit=_TIME)
    keep: Literal["best", "last"] = setting(
        "best", "weights to keep at the end: best on the validation split (those before the phase count too), or the last"
    )
    monitor: str = setting("loss", "validation metric that says which weights are best")
    early_stopping: Duration | None = setting(
        None, "end a phase when `monitor` has not improved for so long; null: never", unit=_TIME
    )

    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = setting(
        "float32", "of the head's arithmetic; weights stay float32, a hub module computes in its own precision"
    )
    gradient_accumulation: int = setting(1, "parts that a batch is computed in, one after the other, to save memory", ge=1)
    clip_norm: float | None = setting(
        None, "largest global norm of the gradient, taken after the devices' gradients are added up; null: any", gt=0
    )
    ema_decay: float | None = setting(
        None, "weights are measured and kept as an exponential moving average with this decay; null: as they are", gt=0, lt=1
    )
    label_smoothing: float = setting(0.0, "share of each target spread over all classes", unit="share", ge=0, lt=1)
    focal_gamma: float = setting(0.0, "focal loss: how much less well-known rows count; 0: cross-entropy", ge=0, le=10)
    regression_loss: Literal["squared", "absolute", "huber"] = setting(
        "squared", "of numbers, standardised: squared: the mean is learnt; absolute: the median; huber: between, for outliers"
    )
    class_weights: Literal["none", "balanced"] | dict[str, _Weight] = setting(
        "none", "weight of each class in the loss: none, balanced (rare classes count more), or {class: weight}"
    )
    sample_weights: str | None = setting(None, "column of the data with a weight for each row; null: all the same")
    groups: dict[str, Group] = setting(
        dict, "variables with a learning rate or an unfreeze time of their own, by a name you choose"
    )

    on_nan: Literal["stop", "rollback"] = setting(
        "stop", "loss not finite: stop and name the step, or go back to the last checkpoint with half the learning rate"
    )
    checkpoint_every: Duration = setting("1 epochs", "time between checkpoints that `resume` can start from", unit=_TIME)
    checkpoints: int = setting(2, "newest checkpoints to keep", ge=1, le=1000)
    steps_per_call: int | Literal["auto"] = setting(
        "auto", "most optimizer steps in one call of the compiled loop; auto: about a quarter of a second", unit="steps"
    )
    xla: bool | Literal["auto"] = setting("auto", "compile with XLA; auto: where it is faster")
    profile: bool = setting(False, "write a TensorBoard trace and say what bounds the speed: input, host or compute")

    @field_validator("steps_per_call")
    @classmethod
    def _at_least_one(cls, value):
        if value != "auto" and value < 1:
            raise ValueError("must be at least 1, or auto")
        return value

    def phases(self) -> tuple[Phase, ...]:
        raise NotImplementedError

    def shortened(self) -> Training:
        """For `debug=fast`."""
        return self.model_copy(update={"epochs": 1.0})

    @property
    def unfreezes(self) -> bool:
        return any(phase.unfreeze for phase in self.phases())
