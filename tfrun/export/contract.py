"""`exports/contract.json`: what a caller of the exported files may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.export.module import OUTPUT, SIGNATURE
from tfrun.model import Model


def contract(model: Model, example: np.ndarray, answer: np.ndarray) -> dict[str, Any]:
    """example: one raw input; answer: float32 [classes], the trained model's probabilities for it."""
    spec = model.input
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
