"""The model as a tf.Module that can be saved: raw inputs in, named outputs out, each weight once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from tfrun.backbone.layer import untracked_resources
from tfrun.export import encoded
from tfrun.export.numeric import numeric

if TYPE_CHECKING:
    from tfrun.dataset import InputSpec
    from tfrun.model import Model

SIGNATURE = "serving_default"
NUMERIC = "numeric"
BYTES = "serving_bytes"
FEATURES = "features"


class ExportedModel(tf.Module):
    """Signatures, each a batch:

    - `serving_default`: {input name: raw values, …} -> {"probabilities": float32 [batch, classes]}, or of numbers
      {"predictions": float32 [batch, 1]}: see `task.Task.output`
    - `serving_bytes`: {"bytes": encoded pictures} or {"examples": serialized tf.Examples} -> the same (see `encoded`)
    - `features`: as `serving_default` -> {"features": float32 [batch, …]}, what the backbone gives
    - `numeric`, where an input is a string: numbers in its place (see `numeric.Numeric`) -> as `serving_default`

    The plain variables are tracked and the Keras model is not. Tracked as an attribute it would be stored a second
    time, and a TFLite conversion of the result would silently lose every weight. No attribute may be called `serve`:
    the TFLite converter takes that for a Keras export and drops signatures.
    """

    def __init__(self, model: Model):
        super().__init__(name="exported")
        self.weights = [variable.value for variable in model.variables]
        self.resources = [*getattr(model.backbone, "resources", ()), *untracked_resources(model.transform)]
        self.fitted = list(model.transform.variables)
        output = model.task.output
        self.predict = tf.function(lambda **raw: {output: model.answers(raw)})
        self.signature = self.predict.get_concrete_function(**{spec.name: _tensor(spec) for spec in model.inputs})
        self.predict_encoded = tf.function(lambda **given: {output: encoded.answers(model, *given.values())})
        self.embed = tf.function(lambda **raw: {FEATURES: model.backbone(model.transform(raw), training=False)})
        self.named = {
            SIGNATURE: self.signature,
            BYTES: self.predict_encoded.get_concrete_function(
                **{encoded.argument(model): tf.TensorSpec([None], tf.string, name=encoded.argument(model))}
            ),
            FEATURES: self.embed.get_concrete_function(**{spec.name: _tensor(spec) for spec in model.inputs}),
        }
        part = numeric(model)
        if part is not None:
            self.predict_numeric = tf.function(lambda **batch: {output: part.answers(batch)})
            tensors = {spec.name: _tensor(spec) for spec in part.inputs}
            self.named = {**self.named, NUMERIC: self.predict_numeric.get_concrete_function(**tensors)}


def _tensor(spec: InputSpec) -> tf.TensorSpec:
    return tf.TensorSpec([None, *spec.shape], spec.dtype, name=spec.name)


def save(model: Model, directory: Path) -> None:
    """Writes a SavedModel that loads without tfrun."""
    exported = ExportedModel(model)
    tf.saved_model.save(exported, str(directory), signatures=dict(exported.named))
