"""Which ops of an int8 file lose most. Called in a process apart.

Float model and int8 file get the same rows; the noise of an op is the mean square of the difference of its output over the variance
of the float one (1 / signal-to-quantization-noise ratio), less that of its noisiest input: what the op itself adds.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice

import numpy as np

from tfrun.export import representative

TRANSFORM = "transform"  # name scope of the transform in an exported graph
_WEIGHED = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "FULLY_CONNECTED", "BATCH_MATMUL", "EMBEDDING_LOOKUP"}
_TYPES = ("QUANTIZE", "DEQUANTIZE")
_ROWS = 16


def input_part(content: bytes) -> list[str]:
    """Outputs of the ops between the inputs and the first weights, and of those of the transform.

    Their values are of any range, such as pressures, seconds or the quiet bands of a spectrum, before they are normalised.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    names = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    ops = interpreter._get_ops_details()
    made = {int(index) for op in ops for index in op["outputs"]}
    before: set[int] = set()
    for op in ops:
        early = op["op_name"] not in _WEIGHED and {int(index) for index in op["inputs"]} & made <= before
        if early or all(_is_transform(names[int(index)]) for index in op["outputs"]):
            before |= {int(index) for index in op["outputs"]}
    return [names[index] for index in sorted(before)]


def _is_transform(name: str) -> bool:
    """Fused ops have the names of all their parts, and a number where one was taken."""
    parts = [part for part in name.split(";") if "/" in part]
    return bool(parts) and all(part.startswith(f"{TRANSFORM}/") for part in parts)


def rank(calibrated: str, quantized: str, signature: str, rows: str) -> list[list]:
    """[[output of an op, noise that the op adds, bytes that float32 weights would add], …] of the ops whose output is int8, the worst first."""
    kept, integers = _Runs(calibrated, signature), _Runs(quantized, signature)
    squares: dict[str, float] = defaultdict(float)
    spreads: dict[str, float] = defaultdict(float)
    for row in islice(representative.read(rows), _ROWS):
        expected, found = kept(row), integers(row)
        for name in expected.keys() & found.keys():
            squares[name] += float(np.square(expected[name] - found[name]).sum())
            spreads[name] += float(np.square(expected[name] - expected[name].mean()).sum())
    noise = {name: squares[name] / spreads[name] for name in squares if spreads[name] > 0}
    added = [
        [output, noise[output] - max((noise.get(name, 0.0) for name in inputs), default=0.0), 3 * weights]
        for output, (inputs, weights) in integers.wires().items()
        if output in noise and integers.is_integer(output)
    ]
    return sorted(added, key=lambda entry: -entry[1])


class _Runs:
    """A file with all its tensors to look at, float32."""

    def __init__(self, path: str, signature: str):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(path, num_threads=1, experimental_preserve_all_tensors=True)
        self._runner = self._interpreter.get_signature_runner(signature)
        self._details = {detail["index"]: detail for detail in self._interpreter.get_tensor_details()}
        self._ops = self._interpreter._get_ops_details()

    def __call__(self, row: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self._runner(**row)
        return {self._details[index]["name"]: self._read(index) for op in self._ops for index in map(int, op["outputs"])}

    def _read(self, index: int) -> np.ndarray:
        values, (scale, zero) = self._interpreter.get_tensor(index), self._details[index]["quantization"]
        return np.float32(scale) * (values.astype(np.float32) - zero) if scale else np.asarray(values, np.float32)

    def wires(self) -> dict[str, tuple[list[str], int]]:
        """Output of each op: the outputs of other ops that it reads (what only changes a type is looked through), and how many weights it has."""
        made = {int(index): op for op in self._ops for index in op["outputs"]}

        def name(index: int) -> str:
            while made[index]["op_name"] in _TYPES and int(made[index]["inputs"][0]) in made:
                index = int(made[index]["inputs"][0])
            return self._details[index]["name"]

        found = {}
        for index, op in made.items():
            inputs = [int(each) for each in op["inputs"] if int(each) in self._details]
            weights = (
                [int(np.prod(self._details[each]["shape"])) for each in inputs if each not in made]
                if op["op_name"] in _WEIGHED
                else []
            )
            if op["op_name"] not in _TYPES:
                found[self._details[index]["name"]] = ([name(each) for each in inputs if each in made], sum(weights))
        return found

    def is_integer(self, name: str) -> bool:
        return any(detail["name"] == name and detail["dtype"] == np.int8 for detail in self._details.values())
