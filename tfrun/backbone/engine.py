"""Engines: what runs a frozen backbone on transformed inputs. All give what the module gives, within 1e-4."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfrun.cores import cores
from tfrun.quiet import native_output_to

AGREES = 1e-4  # largest difference of a feature from the plain function's

# LiteRT is fastest when a batch's inputs just stay in the processor's cache (benchmarks/extraction.py --batches).
_LITERT_VALUES = 16 * 96 * 96 * 3
_BATCH = 32


class Engine:
    """run: inputs [batch, ...] -> float32 [batch, ...], called with batches of just this size.

    Features of a row must not depend on its neighbours, and TensorFlow computes another size of batch another way.
    """

    def __init__(self, name: str, batch: int, run: Callable[[np.ndarray], np.ndarray]):
        self.name, self.batch, self._run = name, batch, run

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """inputs: [n, ...], at most `batch` of them. Returns float32 [n, ...]."""
        rows = len(inputs)
        if rows < self.batch:
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], self.batch - rows, axis=0)])
        return self._run(inputs)[:rows]


def plain(function, name: str = "plain", batch: int = _BATCH) -> Engine:
    """function: compiled, of batches of any size."""
    import tensorflow as tf

    return Engine(name, batch, lambda inputs: function(tf.constant(inputs)).numpy())


def graph(frozen) -> Engine:
    """frozen: a FrozenGraph."""
    import tensorflow as tf

    from tfrun.backbone.convert import to_function

    function = to_function(frozen)
    return Engine("graph", _BATCH, lambda inputs: function(tf.constant(inputs)).numpy())


def litert(content: bytes, input_shape: tuple[int, ...], batch: int | None = None) -> Engine:
    """content: of a .tflite file. batch: None: what suits the input. Raises RuntimeError or ValueError where it is refused."""
    batch = batch or max(1, min(16, round(_LITERT_VALUES / int(np.prod(input_shape)))))
    with native_output_to(Path(os.devnull)):
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=content, num_threads=cores())
        source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
        interpreter.resize_tensor_input(source, [batch, *input_shape])
        interpreter.allocate_tensors()

    def run(inputs: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, inputs)
        interpreter.invoke()
        return interpreter.get_tensor(target)

    return Engine("litert", batch, run)


def difference(engine: Engine, inputs: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference from what the plain function gives; infinite where the shape is another or a value is no number."""
    given = np.concatenate([engine(inputs[start : start + engine.batch]) for start in range(0, len(inputs), engine.batch)])
    if given.shape != expected.shape:
        return float("inf")
    largest = float(np.abs(given - expected).max())
    return largest if np.isfinite(largest) else float("inf")
