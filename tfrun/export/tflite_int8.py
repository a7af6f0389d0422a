"""Settings of the int8 file."""

from __future__ import annotations

from typing import Literal

from tfrun.component import Settings, setting


class Int8(Settings):
    """How `int8.tflite` is made. What has to be chosen is chosen on the validation split."""

    io: Literal["float", "integer"] = setting(
        "float",
        "float: float32 in and out where the model has it, and the input part (all before the first weights) stays in float32; "
        "integer: int8 in and out, and nothing stays in float32 unasked, for accelerators that only have integers",
    )
    head: Literal["keep", "refit"] = setting(
        "refit",
        "refit: where the backbone was frozen, fit the head again on the features of the int8 backbone, and take the better head; "
        "keep: the trained head",
    )
    retention: float | None = setting(
        0.99, "least share of the primary metric on the validation split; below it ops are left in float32; null: never", gt=0, le=1
    )  # fmt: skip
    conversions: int = setting(5, "most files of that search: with 1, 2, 4, … ops in float32", ge=0, le=50)
    growth: float = setting(1.015, "largest size of such a file", unit="times the file with all in int8", ge=1, le=4)
