"""`exports/contract.json`: what a caller of the exported files may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.export.module import OUTPUT, SIGNATURE
from tfrun.model import Model

_LARGEST_SIDE = 64  # pixels of the example: a photo of many megapixels as JSON helps nobody


def contract(model: Model, picture: np.ndarray) -> dict[str, Any]:
    """picture: one raw input [height, width, channels], thinned out for the example; the trained model gives the answer."""
    spec = model.input
    example = picture[tuple(slice(None, None, -(-side // _LARGEST_SIDE)) for side in picture.shape[:2])]
    answer = model.probabilities(example[None])[0].numpy()
    return {
        "signatures": {
            SIGNATURE: {
                "inputs": [{"name": spec.name, "dtype": spec.dtype, "shape": [None, *spec.shape]}],
                "outputs": [{"name": OUTPUT, "dtype": "float32", "shape": [None, len(model.classes)]}],
            }
        },
        "labels": list(model.classes),
        "normalisation": {
            "inside": True,
            "note": "resizing and scaling are part of the graph: send pixels 0 … 255 of any height and width",
            "image_size": list(model.transform.output_shape[:2]),
        },
        "example": {
            "request": {"signature_name": SIGNATURE, "instances": [{spec.name: example.tolist()}]},
            "response": {"predictions": [[float(f"{value:.7g}") for value in answer]]},
        },
    }


def write(content: dict[str, Any], exports: Path) -> None:
    exports.mkdir(exist_ok=True)
    (exports / "contract.json").write_text(json.dumps(content, ensure_ascii=False) + "\n")
