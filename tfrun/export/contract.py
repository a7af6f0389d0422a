"""`exports/contract.json`: what a caller of the exported files may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfrun.dataset import InputSpec, Split
from tfrun.export import encoded
from tfrun.export.module import BYTES, FEATURES, NUMERIC, SIGNATURE
from tfrun.export.numeric import numeric
from tfrun.model import Model

_CANDIDATES = 64  # rows that are looked at for an example
_LARGEST_SIDE = 64  # pixels of the example: a photo of many megapixels as JSON helps nobody


def example(split: Split) -> dict[str, np.ndarray]:
    """Raw inputs of one row; of a table, one in which nothing is missing, as far as there is one among the first."""
    rows = list(split.first(_CANDIDATES).inputs())
    return next((row for row in rows if not any(_is_missing(value) for value in row.values())), rows[0])


def contract(model: Model, row: dict[str, np.ndarray]) -> dict[str, Any]:
    """row: raw inputs by name, of the example; the trained model gives the answer.

    A picture is thinned out, and 0 takes the place of a missing number, which JSON cannot say.
    """
    request = {spec.name: _sayable(row[spec.name], spec) for spec in model.inputs}
    batch = {name: tf.constant(np.asarray(value)[None]) for name, value in request.items()}
    inside: dict[str, Any] = {"inside": True, "note": model.transform.says}
    if model.inputs[0].kind == "image":
        inside["image_size"] = list(model.transform.output_shape[:2])
    answer = model.answers(batch)
    outputs = [{"name": model.task.output, "dtype": "float32", "shape": [None, answer.shape[1]]}]
    inputs = [_input(spec) for spec in model.inputs]
    content = {
        "signatures": {
            SIGNATURE: {"inputs": inputs, "outputs": outputs},
            BYTES: {"inputs": [_encoded(model)], "outputs": outputs},
            FEATURES: {"inputs": inputs, "outputs": [_features(model)]},
        },
        "task": model.task.name,
        "labels": list(model.classes),
        "normalisation": inside,
        "example": _exchange(SIGNATURE, request, answer),
    }
    part = numeric(model)
    if part is not None:
        given = {name: value.numpy()[0] for name, value in part.of(batch).items()}
        inputs = [{**_input(spec), **part.explained.get(spec.name, {})} for spec in part.inputs]
        content["signatures"][NUMERIC] = {"inputs": inputs, "outputs": outputs, "example": _exchange(NUMERIC, given, answer)}
    return content


def _input(spec: InputSpec) -> dict[str, Any]:
    about = {"column": spec.column, "rate": spec.rate}
    described = {"name": spec.name, "dtype": spec.dtype, "shape": [None, *spec.shape]}
    return {**described, **{key: value for key, value in about.items() if value}}


def _encoded(model: Model) -> dict[str, Any]:
    described = {"name": encoded.argument(model), "dtype": "string", "shape": [None]}
    if encoded.takes_pictures(model):
        return {**described, "note": 'JPEG, PNG, GIF, BMP or WebP files; in JSON as {"b64": …}'}
    features = {encoded.feature(spec): encoded.stored(spec).name for spec in model.inputs}
    return {**described, "note": "serialized tf.Examples; times are whole seconds since 1970 UTC", "features": features}


def _features(model: Model) -> dict[str, Any]:
    return {"name": FEATURES, "dtype": "float32", "shape": [None, *model.lazy.feature_shape]}


def _exchange(signature: str, request: dict[str, Any], answer) -> dict[str, Any]:
    instance = {name: _plain(value) for name, value in request.items()}
    predictions = [[float(f"{value:.7g}") for value in answer[0].numpy()]]
    return {"request": {"signature_name": signature, "instances": [instance]}, "response": {"predictions": predictions}}


def _is_missing(value: Any) -> bool:
    return value == b"" if isinstance(value, bytes) else np.asarray(value).dtype.kind == "f" and bool(np.isnan(value).any())


def _sayable(value: Any, spec: InputSpec) -> Any:
    if spec.kind == "image":
        return _small(value)
    return np.zeros_like(value) if spec.shape == () and not isinstance(value, bytes) and _is_missing(value) else value


def _small(picture: np.ndarray) -> np.ndarray:
    return picture[tuple(slice(None, None, -(-side // _LARGEST_SIDE)) for side in picture.shape[:2])]


def _plain(value: Any) -> Any:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else np.asarray(value).tolist()


def write(content: dict[str, Any], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "contract.json").write_text(text, encoding="utf-8")
