"""Targets whose files a converter makes, in a process apart: it may fail, hang or eat memory."""

from __future__ import annotations

from typing import Any, ClassVar

import psutil

from tfrun.apart import apart
from tfrun.apart.limits import Limits
from tfrun.component import setting
from tfrun.export import Export


class Conversion(Export):
    """Base of such targets."""

    works_apart: ClassVar[bool] = True

    time_limit: float = setting(900.0, "longest conversion of one file; then it is given up", unit="seconds", gt=0)
    memory_limit: float | None = setting(
        None, "most memory that one conversion may hold; null: what the machine has free when it starts", unit="GB (10^9 bytes)", gt=0
    )  # fmt: skip

    def convert(self, function: str, **arguments: Any) -> Any:
        """Calls `function` ("package.module:name") in a child of its own. Raises apart.Failed."""
        free = psutil.virtual_memory().available
        return apart(
            function, Limits(self.time_limit, int(self.memory_limit * 1e9) if self.memory_limit else free), **arguments
        )


class InVariants(Conversion):
    """Base of those that make one artifact a variant; of these, float32 is held to the trained model."""

    variants: list[str]
    max_difference: float = setting(1e-4, "largest difference of float32 answers from the trained model: see saved_model", gt=0)

    def names(self) -> list[str]:
        return [f"{self.target}/{variant}" for variant in dict.fromkeys(self.variants)]

    def largest_difference(self, variant: str) -> float | None:
        return self.max_difference if variant == "float32" else None
