"""Head and backbone are trained together."""

from __future__ import annotations

from typing import Literal

from tfrun.component import setting
from tfrun.training import Phase, Training


class Finetune(Training):
    """All weights from the first step. The backbone learns more slowly than the head."""

    backbone_learning_rate: float = setting(0.01, "learning rate of the backbone", unit="share of the optimizer's", gt=0, le=10)
    batch_norm: Literal["fixed", "update"] = setting(
        "fixed", "statistics of the backbone's batch normalisation; a few hundred rows are too few to update them"
    )

    def phases(self):
        return (
            Phase(
                name="finetune", epochs=self.epochs, unfreeze=True, batch_norm=self.batch_norm,
                backbone_learning_rate=self.backbone_learning_rate, keep=self.keep,
            ),
        )  # fmt: skip
