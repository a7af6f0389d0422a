"""One element of a user's tf.data pipeline: what its parts are, and how they are kept on disk and read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.dataset import InputSpec
from tfrun.dataset.scratch import Scratch

_ALONE = {"image": "image", "text": "text", "number": "values"}


def specs_of(structure: Any, key: str) -> tuple[InputSpec, ...]:
    """structure: the element_spec of the inputs, a TensorSpec or a mapping of them. key: what is wrong where it does not fit.

    uint8 [height, width, 1 or 3] is a picture, a string a text (in a mapping a category), numbers [] or [d] numbers.
    Raises RunError.
    """
    import tensorflow as tf

    parts = structure if isinstance(structure, Mapping) else {"": structure}
    specs = []
    for name, part in parts.items():
        if not isinstance(part, tf.TensorSpec):
            raise _unfit(key, f"gives inputs of the type {type(part).__name__}", "give one tensor, or a dict of tensors")
        kind = _kind(part)
        if kind is None:
            rule = f"gives inputs of {part.dtype.name} {part.shape}{f' in {name!r}' if name else ''}, without the batch axis"
            raise _unfit(key, rule, "give uint8 [height, width, 1 or 3], a string, or numbers [] or [d]; do not batch")
        kind = "category" if kind == "text" and len(parts) > 1 else kind
        shape = (None, None, part.shape[-1]) if kind == "image" else tuple(part.shape)
        dtype = {"image": "uint8", "number": "float32"}.get(kind, "string")
        specs.append(InputSpec(name or _ALONE[kind], dtype, shape, kind))
    return tuple(specs)


def _kind(part) -> str | None:
    if part.shape.rank is None:
        return None
    if part.dtype == "uint8" and part.shape.rank == 3 and part.shape[-1] in (1, 3):
        return "image"
    if part.dtype == "string" and part.shape.rank == 0:
        return "text"
    number = part.dtype.is_integer or part.dtype.is_floating or part.dtype.is_bool
    return "number" if number and part.shape.rank <= 1 and None not in part.shape else None


def _unfit(key: str, rule: str, way_out: str) -> RunError:
    return RunError(Problem("dataset.function", rule, way_out, key))


def store(inputs: Any, specs: tuple[InputSpec, ...], scratch: Scratch) -> tuple[bytes, list[tuple[int, ...]]]:
    """inputs: of one element, as numpy has them. Returns their contents and, by input, offset, length, height and width."""
    parts = inputs if isinstance(inputs, Mapping) else {specs[0].name: inputs}
    contents, places = [], []
    for spec in specs:
        value = parts[spec.name]
        if spec.dtype != "string":
            value = np.ascontiguousarray(value, spec.dtype)
        raw = bytes(value) if spec.dtype == "string" else value.tobytes()
        sides = value.shape[:2] if spec.kind == "image" else (0, 0)
        contents.append(raw)
        places.append((*scratch.append(raw), *sides))
    return b"\0".join(contents), places


def reader(scratch: Scratch, places: np.ndarray, specs: tuple[InputSpec, ...]) -> Callable:
    """`Split.read`. places: int64 [rows, inputs, 4], as `store` gives them."""
    import tensorflow as tf

    with tf.device("/CPU:0"):
        sides = tf.constant(places[..., 2:])

    def fetch(row):
        return [scratch.read(int(offset), int(length)) for offset, length, *_ in places[row]]

    def read(row):
        raw = tf.numpy_function(fetch, [row], [tf.string] * len(specs), stateful=False)
        raw = [raw] if len(specs) == 1 and not isinstance(raw, list | tuple) else raw
        return {spec.name: value(part, spec, row, at) for at, (part, spec) in enumerate(zip(raw, specs, strict=True))}

    def value(part, spec, row, at):
        part = tf.ensure_shape(part, [])
        if spec.dtype == "string":
            return part
        flat = tf.io.decode_raw(part, spec.dtype)
        if spec.kind != "image":
            return tf.ensure_shape(tf.reshape(flat, spec.shape), spec.shape)
        height, width = tf.unstack(sides[row, at])
        return tf.ensure_shape(tf.reshape(flat, [height, width, spec.shape[-1]]), spec.shape)

    return read
