"""Rewrites of a frozen graph for kernels that do more at once: batch norm into convolutions, bias and activation with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

FUSED = {
    "Conv2D": "_FusedConv2D",
    "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative",
    "MatMul": "_FusedMatMul",
}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_ADDS = ("BiasAdd", "Add", "AddV2")
_ACTIVATIONS = ("Relu", "Relu6", "Elu")


@dataclass(frozen=True)
class _View:
    """A graph by name of its nodes. uses: how many nodes read each one, of its first output and in whatever way."""

    nodes: dict[str, NodeDef]
    uses: Counter[str]

    @classmethod
    def of(cls, graph: GraphDef, output: str) -> _View:
        uses = Counter(_name(given) for node in graph.node for given in node.input)
        uses[output] += 1
        return cls({node.name: node for node in graph.node}, uses)

    def only_for(self, given: str, *ops: str) -> NodeDef | None:
        """The node behind an input, where it is of one of these ops and nobody else reads it."""
        node = self.nodes.get(given)
        return node if node is not None and node.op in ops and self.uses[given] == 1 else None

    def constant(self, given: str) -> np.ndarray | None:
        import tensorflow as tf

        node = self.nodes.get(given)
        return tf.make_ndarray(node.attr["value"].tensor) if node is not None and node.op == "Const" else None

    def vector(self, given: str) -> np.ndarray | None:
        """float32 [channels] where the input is such a constant."""
        value = self.constant(given)
        return value if value is not None and value.ndim == 1 and value.dtype == np.float32 else None

    def biased(self, node: NodeDef, *contractions: str) -> tuple[NodeDef, str] | None:
        """(the contraction, the name of its bias) where `node` adds a vector to one, in whatever order."""
        if node.op not in _ADDS or len(node.input) != 2:
            return None
        for product, bias in ((0, 1), (1, 0)) if node.op != "BiasAdd" else ((0, 1),):
            contraction = self.only_for(node.input[product], *contractions)
            if contraction is not None and _channels_last(contraction) and self.vector(node.input[bias]) is not None:
                return contraction, node.input[bias]
        return None


def without_batch_norm(graph: GraphDef, output: str) -> GraphDef:
    """A batch norm right after a convolution (a bias may lie between) becomes part of its weights and a bias.

    y = (w * x + b - mean) * s + beta with s = gamma / sqrt(variance + epsilon), Ioffe & Szegedy 2015. In float64.
    """
    view = _View.of(graph, output)
    for norm in [node for node in graph.node if node.op in _NORMS and not node.attr["is_training"].b]:
        added = view.only_for(norm.input[0], *_ADDS)
        found = view.biased(added, *_CONVOLUTIONS) if added is not None else None
        convolution, bias = found or (view.only_for(norm.input[0], *_CONVOLUTIONS), None)
        if convolution is not None and _channels_last(convolution):
            graph.node.extend(_folded(view, norm, convolution, bias))
    return _reachable(graph, output)


def _folded(view: _View, norm: NodeDef, convolution: NodeDef, bias: str | None) -> list[NodeDef]:
    """The new constants; none where something that has to be constant is not."""
    weights = view.constant(convolution.input[1])
    moments = [view.constant(given) for given in norm.input[1:5]]
    if weights is None or any(moment is None for moment in moments):
        return []
    gamma, beta, mean = (moment.astype(np.float64) for moment in moments[:3])
    scale = gamma / np.sqrt((moments[3] + np.float32(norm.attr["epsilon"].f)).astype(np.float64))
    shift = beta - (mean - (view.constant(bias) if bias else 0.0)) * scale
    spread = scale if convolution.op == "Conv2D" else scale.reshape(weights.shape[2:])
    new = [
        _constant(f"{convolution.name}/folded_weights", (weights * spread).astype(np.float32)),
        _constant(f"{convolution.name}/folded_bias", shift.astype(np.float32)),
    ]
    convolution.input[1] = new[0].name
    data_format = convolution.attr["data_format"]
    norm.op, norm.input[:] = "BiasAdd", [convolution.name, new[1].name]
    kept = norm.attr["T"]
    norm.attr.clear()
    norm.attr["T"].CopyFrom(kept)
    norm.attr["data_format"].CopyFrom(data_format)
    return new


def fused(graph: GraphDef, output: str, known: frozenset[str]) -> GraphDef:
    """Contraction, bias and activation in one node, as far as the runtime knows such an op by TensorFlow's name for it."""
    view = _View.of(graph, output)
    contractions = tuple(op for op, joined in FUSED.items() if joined in known)
    for last in sorted(
        graph.node, key=lambda node: node.op not in _ACTIVATIONS
    ):  # else a bias alone would take the contraction
        before = view.nodes.get(last.input[0]) if last.op in _ACTIVATIONS else last
        if before is None or (before is not last and view.uses[before.name] != 1):
            continue
        found = view.biased(before, *contractions)
        if found is not None:
            _join(last, *found, [last.op] if before is not last else [])
    return _reachable(graph, output)


def _join(last: NodeDef, contraction: NodeDef, bias: str, activation: list[str]) -> None:
    """The last node of the chain becomes the whole of it, so that nobody behind has to look elsewhere."""
    last.op = FUSED[contraction.op]
    last.input[:] = [*contraction.input[:2], bias]
    last.attr.clear()
    for key, value in contraction.attr.items():
        last.attr[key].CopyFrom(value)
    last.attr["fused_ops"].list.s.extend(name.encode() for name in ["BiasAdd", *activation])
    last.attr["num_args"].i = 1


def _reachable(graph: GraphDef, output: str) -> GraphDef:
    """What the output needs, and every placeholder: a caller may give an input that is not used."""
    nodes = {node.name: node for node in graph.node}
    waiting = [output, *(name for name, node in nodes.items() if node.op == "Placeholder")]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += map(_name, nodes[name].input)
    kept = [node for node in graph.node if node.name in needed]
    result = type(graph)(versions=graph.versions, library=graph.library)
    result.node.extend(kept)
    return result


def _constant(name: str, value: np.ndarray) -> NodeDef:
    import tensorflow as tf

    node = tf.compat.v1.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def _name(given: str) -> str:
    return given.removeprefix("^").partition(":")[0]


def _channels_last(node: NodeDef) -> bool:
    return "data_format" not in node.attr or node.attr["data_format"].s == b"NHWC"  # reading what is not there would make it
