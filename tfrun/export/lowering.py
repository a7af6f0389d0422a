"""Ops that browsers' runtimes have not, said by ops that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef


def without_buckets(graph: GraphDef) -> GraphDef:
    """Bucketize(x): how many of the boundaries x reaches, as a sum over comparisons. Elsewhere the graph stays as it is."""
    import tensorflow as tf

    for node in [node for node in graph.node if node.op == "Bucketize"]:
        boundaries = np.array(node.attr["boundaries"].list.f, np.float32)
        source = tf.as_dtype(node.attr["T"].type)
        with tf.Graph().as_default() as small:
            given = tf.compat.v1.placeholder(source, name="given")
            reached = tf.expand_dims(tf.cast(given, tf.float32), -1) >= tf.constant(boundaries)
            tf.reduce_sum(tf.cast(reached, tf.int32), axis=-1, name="buckets")
        for part in small.as_graph_def().node:
            if part.op != "Placeholder":
                names = {"given": node.input[0], "buckets": node.name}
                renamed = type(part)()
                renamed.CopyFrom(part)
                renamed.name = names.get(part.name, f"{node.name}/{part.name}")
                renamed.input[:] = [names.get(name, f"{node.name}/{name}") for name in part.input]
                graph.node.append(renamed)
        graph.node.remove(node)
    return graph
