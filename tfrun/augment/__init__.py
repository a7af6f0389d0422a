"""Augmentation: random changes of training inputs, never of held-out rows."""

from __future__ import annotations

from tfrun.component import Component


class Augment(Component):
    """Protocol of the group: `apply(inputs, seed)` changes one batch; the seed alone decides how."""

    def apply(self, inputs, seed):
        """inputs: float32 [batch, ...]; seed: int32 [2]. Returns inputs of the same shape and dtype."""
        raise NotImplementedError

    @property
    def changes_inputs(self) -> bool:
        """False lets a frozen backbone's features be computed once."""
        return True
