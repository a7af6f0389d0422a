"""TensorFlow.js graph models: a graph as JSON, and its constants in files beside it.

The format is that of the loader `tf.loadGraphModel` (tfjs-core/src/io/types.ts, tfjs-converter/src/executor/graph_model.ts):
`model.json` has the topology, a GraphDef without values, and a manifest of the weights, whose bytes follow each other in shards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfrun.export.frozen import Frozen, signature_of

if TYPE_CHECKING:
    from tensorflow.core.framework.node_def_pb2 import NodeDef

Precision = Literal["float32", "float16", "uint8"]
SHARD = 4 * 2**20  # bytes: browsers cache files up to there


def write(model: Frozen, folder: Path, precision: Precision, about: dict[str, Any]) -> None:
    """Makes `folder` with model.json and group1-shard…of….bin.

    about: goes into `userDefinedMetadata`. A key `signature` in it would take the place of the real one.
    Raises ValueError where a constant has a type that browsers have not.
    """
    import tensorflow as tf
    from google.protobuf.json_format import MessageToDict

    folder.mkdir(parents=True)
    graph = tf.compat.v1.GraphDef()
    graph.CopyFrom(model.graph)
    entries, contents = [], []
    for node in graph.node:
        if node.op == "Const":
            value = plain(node)
            entry, content = stored(node.name, value, precision)
            entries.append(entry)
            contents.append(content)
            _forget(node)
    content = {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "convertedBy": "tfrun",
        "signature": MessageToDict(signature_of(model)),
        "modelTopology": MessageToDict(graph),
        "weightsManifest": [{"paths": _shards(b"".join(contents), folder), "weights": entries}],
        "userDefinedMetadata": about,
    }
    (folder / "model.json").write_text(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")


def plain(node: NodeDef) -> np.ndarray:
    """The value of a constant as browsers can hold it: float32, int32 or bool."""
    import tensorflow as tf

    value = tf.make_ndarray(node.attr["value"].tensor)
    if value.dtype == bool or value.dtype in (np.float32, np.int32):
        return value
    if value.dtype.kind == "f":
        return value.astype(np.float32)
    if value.dtype.kind in "iu":
        limits = np.iinfo(np.int32)
        if value.size and (value.min() < limits.min or value.max() > limits.max):
            raise ValueError(f"the constant {node.name} holds integers of more than 32 bits, which browsers have not")
        return value.astype(np.int32)
    raise ValueError(f"the constant {node.name} is of type {value.dtype}, which browsers have not")


def stored(name: str, value: np.ndarray, precision: Precision) -> tuple[dict[str, Any], bytes]:
    """Entry of the manifest and bytes of one weight. Only float32 is ever stored in less."""
    entry: dict[str, Any] = {"name": name, "shape": list(value.shape), "dtype": value.dtype.name}
    if value.dtype != np.float32 or precision == "float32" or not value.size:
        return entry, value.tobytes()
    if precision == "float16":
        return {**entry, "quantization": {"dtype": "float16", "original_dtype": "float32"}}, _half(name, value).tobytes()
    codes, least, scale = affine(value)
    quantization = {"dtype": "uint8", "min": least, "scale": scale, "original_dtype": "float32"}
    return {**entry, "quantization": quantization}, codes.tobytes()


def affine(value: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(codes uint8, min, scale) with value ≈ codes * scale + min; zero is met exactly where it lies in the range.

    One scale for the whole tensor, as the loader knows no other. The shift of the range is that of Jacob et al.,
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3.
    """
    value = value.astype(np.float64)
    least, most = float(value.min()), float(value.max())
    if least == most:
        return np.zeros(value.shape, np.uint8), least, 1.0
    scale = (most - least) / 255
    if least <= 0 <= most:
        least = -float(np.round(-least / scale)) * scale
        most = 255 * scale + least
    codes = np.round((value.clip(least, most) - least) / scale)
    return codes.astype(np.uint8), least, scale


def _half(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if np.isinf(half).any() and not np.isinf(value).any():
        raise ValueError(f"the weight {name} holds numbers above 65504, the largest of float16")
    return half


def _forget(node: NodeDef) -> None:
    """Takes the value out of a constant; its type and shape stay."""
    tensor = node.attr["value"].tensor
    for field, _ in tensor.ListFields():
        if field.name not in ("dtype", "tensor_shape"):
            tensor.ClearField(field.name)


def _shards(content: bytes, folder: Path) -> list[str]:
    parts = [content[start : start + SHARD] for start in range(0, len(content), SHARD)]
    names = [f"group1-shard{number}of{len(parts)}.bin" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts):
        (folder / name).write_bytes(part)
    return names
