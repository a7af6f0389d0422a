"""Ops that TensorFlow.js has not, or gets wrong, said by ops that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef


def lowered(graph: GraphDef) -> GraphDef:
    """The graph with these ops in other words. Raises ValueError where that cannot be done.

    Bucketize is not there. EnsureShape is, and looks for the shape where TensorFlow has none. OneHot writes integers where
    floats are asked for, with WebAssembly, without a word.
    """
    constants = {node.name: node for node in graph.node if node.op == "Const"}
    for node in list(graph.node):
        if node.op == "EnsureShape":
            node.op = "Identity"
            del node.attr["shape"]
        elif node.op == "Bucketize":
            boundaries = np.array(node.attr["boundaries"].list.f, np.float32)
            _replace(graph, node, node.attr["T"].type, lambda values, boundaries=boundaries: _reached(values, boundaries))
        elif node.op == "OneHot":
            depth, on, off = _values(node, constants)
            _replace(graph, node, node.attr["TI"].type, lambda values, d=depth, on=on, off=off: _marked(values, d, on, off))
    return graph


def _reached(values: tf.Tensor, boundaries: np.ndarray) -> tf.Tensor:
    """int32, of the shape of `values`: how many boundaries each one reaches."""
    import tensorflow as tf

    reached = tf.expand_dims(tf.cast(values, tf.float32), -1) >= tf.constant(boundaries)
    return tf.reduce_sum(tf.cast(reached, tf.int32), axis=-1)


def _marked(values: tf.Tensor, depth: np.ndarray, on: np.ndarray, off: np.ndarray) -> tf.Tensor:
    """[…, depth]: `on` where the place is the value, else `off`."""
    import tensorflow as tf

    same = tf.equal(tf.expand_dims(tf.cast(values, tf.int32), -1), tf.range(int(depth), dtype=tf.int32))
    return tf.where(same, tf.constant(on), tf.constant(off))


def _values(node: NodeDef, constants: dict[str, NodeDef]) -> list[np.ndarray]:
    import tensorflow as tf

    given = [constants.get(name) for name in node.input[1:]]
    if node.attr["axis"].i != -1 or not all(given):
        raise ValueError(
            f"{node.name} is a OneHot of a depth that is not constant, or not along the last axis; TensorFlow.js gets these wrong"
        )
    return [tf.make_ndarray(one.attr["value"].tensor) for one in given]


def _replace(graph: GraphDef, node: NodeDef, dtype: int, say: Callable[[tf.Tensor], tf.Tensor]) -> None:
    """What `say` makes of the node's first input takes the place and the name of the node."""
    import tensorflow as tf

    with tf.Graph().as_default() as small:
        answer = tf.identity(say(tf.compat.v1.placeholder(tf.as_dtype(dtype), name="given")))
    names = {"given": node.input[0], answer.op.name: node.name}
    for part in small.as_graph_def().node:
        if part.op != "Placeholder":
            part.name = names.get(part.name, f"{node.name}/lowered/{part.name}")
            part.input[:] = [names.get(name, f"{node.name}/lowered/{name}") for name in part.input]
            graph.node.append(part)
    graph.node.remove(node)
