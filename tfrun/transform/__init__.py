"""Transforms: from raw input to what the backbone takes. Part of the exported graph, so serving cannot differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tfrun.component import Component
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.backbone import Backbone
    from tfrun.dataset import Data


class Transform(Component):
    """Protocol of the group: `build(data, backbone)` gives a tf.Module, {input name: raw batch} -> one batch.

    The module has `output_shape`, of one row, `output_dtype` (float32, or string where the backbone takes strings) and
    `says`: one line for callers of the exported model, what it does by itself and what it wants. It may have
    `fitted` (what it found in the training rows, in plain values), `columns` (`layout.Block`s of its output) and two steps,
    `to_numeric` and `from_numeric`, with `numeric_inputs` and `explained` between them, for devices without strings.
    """

    kinds: ClassVar[tuple[str, ...]] = ()  # of data that it is for (see Data.kind); none: of any

    def problem(self, kind: str) -> Problem | None:
        """Why it is not for data of this kind."""
        if not self.kinds or kind in self.kinds:
            return None
        rule = f"is for data of kind {', '.join(self.kinds)}, and these are of kind {kind}"
        return Problem("transform", rule, "use transform=auto", type(self).__name__.lower())

    def build(self, data: Data, backbone: Backbone) -> tf.Module:
        """Fitted on `data.splits["train"]` only, where there is something to fit."""
        raise NotImplementedError
