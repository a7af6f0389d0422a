"""Making one ONNX file from a SavedModel. Called in a process apart."""

from __future__ import annotations

import sys


def write(saved_model: str, signature: str, opset: int, path: str) -> list[str]:
    """Converts the signature; names of inputs and outputs are kept. Returns what the ONNX checker finds wrong."""
    import onnx
    from tf2onnx import convert

    sys.argv = ["tf2onnx", "--saved-model", saved_model, "--tag", "serve", "--signature_def", signature, "--opset", str(opset), "--output", path]  # fmt: skip
    convert.main()
    try:
        onnx.checker.check_model(path, full_check=True)
    except onnx.checker.ValidationError as error:
        return [str(error)]
    return []
