"""The int4 file: the weights of the largest layers in 4 bits, the others in 8, arithmetic in float32. By litert-quantizer."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np

from tfrun.component import Settings, setting
from tfrun.export.tflite_file import finish

PACKAGE = "litert_quantizer"
_LAYERS = ("CONV_2D", "FULLY_CONNECTED")  # whose kernels take 4 bits


class Int4(Settings):
    """How `int4.tflite` is made."""

    share: float = setting(0.7, "weights in 4 bits, the largest layers first; all others have 8 bits", unit="share", gt=0, le=1)
    head: Literal["keep", "refit"] = setting("refit", "as int8.head, on the features of the int4 backbone")


def quantize(float32: str, share: float, path: str, about: dict[str, Any] | None) -> list[str]:
    """float32: a TFLite file without anything at its end. Called in a process apart; see tflite_file.

    The scale of each output channel is the one of Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved
    Quantization-aware Training", 2022 (OCTAV), which clips outliers.
    """
    from litert_quantizer import quantizer

    content = quantizer.Quantizer(float32, _recipe(_largest(float32, share))).quantize().quantized_model
    return finish(bytes(content), path, about)


def _recipe(names: list[str]) -> list[dict[str, Any]]:
    """names: outputs of the layers in 4 bits."""
    from litert_quantizer.algorithm_manager import AlgorithmName
    from litert_quantizer.qtyping import TFLOperationName
    from litert_quantizer.recipe_manager import RecipeManager

    manager = RecipeManager()
    manager.add_weight_only_config(".*", TFLOperationName.ALL_SUPPORTED, 8)
    for name in names:
        for layer in _LAYERS:
            manager.add_weight_only_config(re.escape(name), TFLOperationName(layer), 4, algorithm_key=AlgorithmName.OCTAV)
    return manager.get_quantization_recipe()


def _largest(path: str, share: float) -> list[str]:
    """Outputs of the largest layers that together have `share` of all weights, as nearly as can be."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=1)
    tensors = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    ops = [op for op in interpreter._get_ops_details() if op["op_name"] in _LAYERS]
    sizes = {tensors[int(op["outputs"][0])]["name"]: int(np.prod(tensors[int(op["inputs"][1])]["shape"])) for op in ops}
    ordered = sorted(sizes, key=sizes.get, reverse=True)
    sums = np.cumsum([sizes[name] for name in ordered])
    return ordered[: int(np.searchsorted(sums, share * sums[-1])) + 1] if ordered else []
