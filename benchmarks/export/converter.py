"""Compares our TensorFlow.js graph models with those of Google's converter, weight by weight.

    pip install --no-deps --target DIR tensorflowjs==4.22.0
    python benchmarks/export/converter.py SAVED_MODEL DIR [SIGNATURE]

Prints a line a precision: weights, those that differ in any byte, bytes of both, nodes of both, seconds of both.
Of what that converter imports, jax and the decision forests are not needed for SavedModels: empty modules stand in.
"""

from __future__ import annotations

import collections
import contextlib
import json
import sys
import tempfile
import time
import types
from pathlib import Path

import numpy as np

_STAND_INS = ("jax", "jax.experimental", "jax.experimental.jax2tf", "tensorflow_decision_forests")


def theirs(folder: Path):
    """The converter's module. TensorFlow and Keras come first, so that they never see the stand-ins."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401
    import tensorflow_hub  # noqa: F401

    sys.path.append(str(folder))
    for name in _STAND_INS:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["jax.experimental"].jax2tf = sys.modules["jax.experimental.jax2tf"]
    from tensorflowjs.converters import tf_saved_model_conversion_v2

    for name in _STAND_INS:
        del sys.modules[name]
    return tf_saved_model_conversion_v2


def weights(folder: Path) -> collections.Counter:
    """Each weight of a graph model: shape, types, scale and bytes. Names differ between converters."""
    (group,) = json.loads((folder / "model.json").read_text())["weightsManifest"]
    content = b"".join((folder / path).read_bytes() for path in group["paths"])
    found, start = collections.Counter(), 0
    for weight in group["weights"]:
        quantization = weight.get("quantization", {})
        stop = start + int(np.prod(weight["shape"], dtype=int)) * np.dtype(quantization.get("dtype", weight["dtype"])).itemsize
        found[(*weight["shape"], weight["dtype"], quantization.get("min"), quantization.get("scale"), content[start:stop])] += 1
        start = stop
    return found


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.bin"))


def nodes(folder: Path) -> int:
    return len(json.loads((folder / "model.json").read_text())["modelTopology"]["node"])


def main(saved_model: str, other: str, signature: str = "serving_default") -> int:
    from tfrun.export import tfjs_folder

    converter, differs = theirs(Path(other)), 0
    with tempfile.TemporaryDirectory() as scratch:
        for precision in ("float32", "float16", "uint8"):
            ours, other_folder = Path(scratch) / f"ours {precision}", Path(scratch) / f"theirs {precision}"
            began = time.perf_counter()
            tfjs_folder.write(saved_model, signature, precision, str(ours))
            between = time.perf_counter()
            wanted = {} if precision == "float32" else {precision: "*"}
            with contextlib.redirect_stdout(sys.stderr):
                converter.convert_tf_saved_model(
                    saved_model, str(other_folder), signature_def=signature, quantization_dtype_map=wanted
                )
            seconds = between - began, time.perf_counter() - between
            mine, others = weights(ours), weights(other_folder)
            unlike = sum(((mine - others) + (others - mine)).values())
            differs += unlike
            print(
                f"{precision}: {sum(mine.values())} weights and {sum(others.values())}, {unlike} differ; "
                f"{size(ours):,} and {size(other_folder):,} bytes; {nodes(ours)} and {nodes(other_folder)} nodes; "
                f"{seconds[0]:.1f} and {seconds[1]:.1f} s"
            )
    return int(differs > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
