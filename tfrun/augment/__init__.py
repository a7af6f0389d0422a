"""Augmentation: random changes of training inputs, never of held-out rows."""

from __future__ import annotations

from tfrun.component import Component, setting
from tfrun.config.problems import Problem


class Augment(Component):
    """Protocol of the group: `change(raw, seed)` changes raw inputs, `apply(inputs, seed)` transformed ones; the seed alone
    decides how.

    The training stream calls it with a batch of one and a seed of its own for each example, so that an example comes out
    the same however batches are shared out. An augmentation that also blends two rows says so by `mixes`, and has
    `shares` and `mix`.
    """

    views: int = setting(
        0,
        "copies of each training row with other random changes, kept in the feature store for a frozen backbone; "
        "0: rows go through the backbone in each epoch",
        unit="copies",
        ge=0,
        le=100,
    )

    def change(self, raw, seed):
        """Before the transform. raw: {input name: raw batch}; seed: int32 [2]. Returns the like."""
        return raw

    def apply(self, inputs, seed):
        """After the transform. inputs: float32 [batch, ...]; seed: int32 [2]. Returns inputs of the same shape and dtype."""
        return inputs

    def problem(self, kind: str) -> Problem | None:
        """Why it cannot change data of this kind (see Data.kind)."""
        return None

    @property
    def changes_inputs(self) -> bool:
        """False lets a frozen backbone's features be computed once."""
        return True

    @property
    def mixes(self) -> bool:
        """True: each example is blended with a partner, and its loss is that of both labels by their shares."""
        return False

    @property
    def needs_pictures(self) -> bool:
        """True: features cannot take the place of pictures."""
        return False

    def shares(self, rows: int, seed: int, number):
        """float32 [rows]: how much of itself each example of pass `number` (int64 scalar) keeps; 1 where it stays whole."""
        raise NotImplementedError

    def mix(self, inputs, partners, share, seed):
        """Blends rows with their partners.

        inputs, partners: float32 [batch, ...]; share: float32 [batch], of the first; seed: int32 [2].
        Returns inputs and the share of the first that came about, float32 [batch].
        """
        raise NotImplementedError
