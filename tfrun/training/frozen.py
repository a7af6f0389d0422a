"""Only the head is trained."""

from __future__ import annotations

from typing import Literal

from tfrun.component import setting
from tfrun.training import Phase, Training


class Frozen(Training):
    """Backbone fixed: its features are computed once, unless augmentation changes the inputs."""

    # A head with a decaying rate on fixed features is best at its end; the validation split would only add noise.
    keep: Literal["best", "last"] = setting("last", "weights to keep at the end: best on the validation split, or the last")

    def phases(self):
        return (Phase(name="frozen", epochs=self.epochs, keep=self.keep),)
