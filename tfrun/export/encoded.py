"""Raw inputs from encoded bytes, in the graph: picture files, or serialized `tf.Example`s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from tfrun.dataset.orientation import orientation_of
from tfrun.dataset.upright import decode

if TYPE_CHECKING:
    from tfrun.dataset import InputSpec
    from tfrun.model import Model

_NO_TIME = tf.int64.min  # stands for a missing time in the place of seconds


def takes_pictures(model: Model) -> bool:
    return len(model.inputs) == 1 and model.inputs[0].kind == "image" and len(model.inputs[0].shape) == 3


def argument(model: Model) -> str:
    return "bytes" if takes_pictures(model) else "examples"


def feature(spec: InputSpec) -> str:
    """Its name in a tf.Example: what the data call it."""
    return spec.column or spec.name


def answers(model: Model, encoded: tf.Tensor) -> tf.Tensor:
    """encoded: string [batch]. Of a model of one picture: JPEG, PNG, GIF, BMP or WebP files, turned upright as their EXIF tag
    says, as training reads them. Of any other: serialized `tf.Example`s with one feature an input, by its name.

    Returns float32 [batch, outputs].
    """
    if takes_pictures(model):
        (picture,) = model.inputs
        return _from_rows(model, encoded, lambda one: {picture.name: decode(one, orientation_of(one), picture.shape[-1] or 3)})
    if all(spec.shape == () for spec in model.inputs):
        return model.answers(_parsed(model.inputs, encoded))
    return _from_rows(model, encoded, lambda one: _parsed_one(model.inputs, one))


def _from_rows(model: Model, encoded: tf.Tensor, raw) -> tf.Tensor:
    """Row by row up to the one size that the transform gives: raw rows of a batch need not have the same shape."""
    dtype, shape = model.transform.output_dtype, tuple(model.transform.output_shape)

    def one(content):
        batch = {name: value[tf.newaxis] for name, value in raw(content).items()}
        return model.transform(batch)[0]

    inputs = tf.map_fn(one, encoded, fn_output_signature=tf.TensorSpec(shape, dtype))
    return model.answer(inputs)


def _parsed(inputs: tuple[InputSpec, ...], encoded: tf.Tensor) -> dict[str, tf.Tensor]:
    """Scalars; a feature that is not there is missing."""
    fields = {feature(spec): tf.io.FixedLenFeature((), stored(spec), _missing(spec)) for spec in inputs}
    parsed = tf.io.parse_example(encoded, fields)
    return {spec.name: _raw(spec, parsed[feature(spec)]) for spec in inputs}


def _parsed_one(inputs: tuple[InputSpec, ...], encoded: tf.Tensor) -> dict[str, tf.Tensor]:
    """One row. Arrays are flat in a tf.Example: of a shape with at most one unknown side."""
    fields = {feature(spec): tf.io.FixedLenSequenceFeature((), stored(spec), allow_missing=True) for spec in inputs}
    parsed = tf.io.parse_single_example(encoded, fields)
    shapes = {spec.name: [-1 if side is None else side for side in spec.shape] for spec in inputs}
    return {spec.name: _raw(spec, tf.reshape(parsed[feature(spec)], shapes[spec.name])) for spec in inputs}


def stored(spec: InputSpec) -> tf.DType:
    """What a tf.Example has in the place of the dtype: it knows three. Of a time whole seconds, as float32 would lose hours."""
    if spec.dtype == "string":
        return tf.string
    return tf.float32 if spec.dtype.startswith("float") and spec.kind != "time" else tf.int64


def _missing(spec: InputSpec):
    """None where there is no way to say that it is missing: such a feature must be there."""
    if spec.kind == "time":
        return _NO_TIME
    return "" if spec.dtype == "string" else float("nan") if spec.dtype.startswith("float") else None


def _raw(spec: InputSpec, stored: tf.Tensor) -> tf.Tensor:
    value = tf.cast(stored, spec.dtype)
    return tf.where(stored == _NO_TIME, tf.constant(float("nan"), spec.dtype), value) if spec.kind == "time" else value
