"""First the head alone, then head and backbone together from that optimum."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.training import Phase
from tfrun.training.finetune import Finetune


class FrozenThenFinetune(Finetune):
    """The second phase starts from the end of the first, which is kept unless the second improves on it."""

    frozen_epochs: float = setting(10, "passes with the backbone fixed, before `epochs` with all weights", unit="epochs", gt=0)
    finetune_learning_rate: float | None = setting(
        None, "highest learning rate of the second phase; null: the optimizer's", gt=0
    )

    def phases(self):
        (unfrozen,) = super().phases()
        return (
            Phase(name="frozen", epochs=self.frozen_epochs, keep="last"),
            unfrozen.model_copy(update={"learning_rate": self.finetune_learning_rate}),
        )

    def shortened(self):
        return super().shortened().model_copy(update={"frozen_epochs": 1.0})
