"""The part of a model that a runtime without strings can run: from numbers on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfrun.dataset import InputSpec

if TYPE_CHECKING:
    from tfrun.model import Model

Batch = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Numeric:
    """inputs: what it takes. of: a raw batch -> a batch of these. answers: these -> float32 [batch, outputs].

    explained: how a caller makes each input, in plain values.
    """

    inputs: tuple[InputSpec, ...]
    of: Callable[[Batch], Batch]
    answers: Callable[[Batch], tf.Tensor]
    explained: dict[str, Any] = field(default_factory=dict)


def numeric(model: Model) -> Numeric | None:
    """None where the raw inputs are numbers that every runtime has, and none may be missing.

    Of a table: its columns with words as indices. Of a text: the features of a backbone that takes strings, else what the
    transform makes of it.
    """
    transform = model.transform
    plain = all(spec.dtype not in ("string", "float64") for spec in model.inputs)
    if plain and getattr(transform, "numeric_inputs", model.inputs) == model.inputs:
        return None
    if hasattr(transform, "numeric_inputs"):
        return Numeric(
            transform.numeric_inputs, transform.to_numeric, lambda batch: model.answer(transform.from_numeric(batch)),
            transform.explained,
        )  # fmt: skip
    if transform.output_dtype == "string":
        spec = InputSpec("features", "float32", tuple(model.lazy.feature_shape), "number")
        what = {"note": f"float32 features of the backbone, {model.facts.handle}"}
        return Numeric((spec,), lambda raw: {"features": _features(model, transform(raw))},
                       lambda batch: model.answer_features(batch["features"]), {"features": what})  # fmt: skip
    spec = InputSpec("transformed", transform.output_dtype, tuple(transform.output_shape), "number")
    what = {"note": f"what the model makes of its input first; {transform.says}"}
    return Numeric((spec,), lambda raw: {"transformed": transform(raw)},
                   lambda batch: model.answer(batch["transformed"]), {"transformed": what})  # fmt: skip


def _features(model: Model, inputs: tf.Tensor) -> tf.Tensor:
    return model.backbone(inputs, training=False)
