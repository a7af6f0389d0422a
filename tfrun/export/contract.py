"""`exports/contract.json`: what a caller of the exported files may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.dataset import InputSpec
from tfrun.export.module import OUTPUT, SIGNATURE
from tfrun.model import Model

_LARGEST_SIDE = 64  # pixels of the example: a photo of many megapixels as JSON helps nobody


def contract(model: Model, row: dict[str, np.ndarray]) -> dict[str, Any]:
    """row: raw inputs by name, of the example, for which a picture is thinned out; the trained model gives the answer."""
    example = {spec.name: _small(row[spec.name]) if spec.kind == "image" else row[spec.name] for spec in model.inputs}
    answer = model.probabilities({name: np.asarray(value)[None] for name, value in example.items()})[0].numpy()
    inside: dict[str, Any] = {"inside": True, "note": model.transform.says}
    if model.inputs[0].kind == "image":
        inside["image_size"] = list(model.transform.output_shape[:2])
    return {
        "signatures": {
            SIGNATURE: {
                "inputs": [_input(spec) for spec in model.inputs],
                "outputs": [{"name": OUTPUT, "dtype": "float32", "shape": [None, len(model.classes)]}],
            }
        },
        "labels": list(model.classes),
        "normalisation": inside,
        "example": {
            "request": {"signature_name": SIGNATURE, "instances": [{name: _plain(value) for name, value in example.items()}]},
            "response": {"predictions": [[float(f"{value:.7g}") for value in answer]]},
        },
    }


def _input(spec: InputSpec) -> dict[str, Any]:
    rate = {"rate": spec.rate} if spec.rate else {}
    return {"name": spec.name, "dtype": spec.dtype, "shape": [None, *spec.shape], **rate}


def _small(picture: np.ndarray) -> np.ndarray:
    return picture[tuple(slice(None, None, -(-side // _LARGEST_SIDE)) for side in picture.shape[:2])]


def _plain(value: Any) -> Any:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else np.asarray(value).tolist()


def write(content: dict[str, Any], exports: Path) -> None:
    exports.mkdir(exist_ok=True)
    (exports / "contract.json").write_text(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")
