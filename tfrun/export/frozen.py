"""A signature of a SavedModel as one graph without variables, optimised, with names that callers may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

# Twice: what folding constants leaves is worth tidying again. None of them fuses ops: that would be for TensorFlow's kernels.
_PASSES = ["pruning", "constfold", "arithmetic", "dependency"] * 2


@dataclass(frozen=True)
class Frozen:
    """graph: variables are constants in it. inputs: by name, which is the placeholder's too. output: name of the only output."""

    graph: tf.compat.v1.GraphDef
    inputs: dict[str, tf.TensorSpec]
    output: str


def frozen(saved_model: Path, signature: str) -> Frozen:
    """Raises ValueError where the signature has not one output, or no output that comes of an op of its own."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    loaded = tf.saved_model.load(str(saved_model))  # held: the function alone would not keep its variables
    function = loaded.signatures[signature]
    inputs = function.structured_input_signature[1]
    (output,) = function.structured_outputs
    constant = convert_variables_to_constants_v2(function, lower_control_flow=False)
    graph = constant.graph.as_graph_def()
    names = {tensor.op.name: name for tensor, name in zip(constant.inputs, _in_order(function))}
    names[constant.outputs[0].op.name] = output
    return Frozen(_renamed(graph, names), dict(inputs), output)


def _in_order(function) -> list[str]:
    """Names of the arguments in the order of the graph's own inputs."""
    return [tensor.op.name for tensor in function.inputs if tensor.dtype.name != "resource"]


def _renamed(graph, names: dict[str, str]):
    """Nodes get these names; where another node has one already, that is moved out of the way."""
    taken = set(names.values()) - set(names)
    names = {**names, **{node.name: f"{node.name}/inner" for node in graph.node if node.name in taken}}
    for node in graph.node:
        node.name = names.get(node.name, node.name)
        for position, given in enumerate(node.input):
            control, name, port = given.startswith("^"), *given.removeprefix("^").partition(":")[::2]
            if name in names:
                node.input[position] = f"{'^' * control}{names[name]}{':' + port if port else ''}"
    return graph


def signature_of(given: Frozen):
    """SignatureDef: what is asked for by name and what is answered. A type that is not set would end the process in Grappler."""
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    signature = meta_graph_pb2.SignatureDef()
    told = [(signature.inputs, name, spec) for name, spec in given.inputs.items()]
    for place, name, spec in [*told, (signature.outputs, given.output, tf.TensorSpec(None, tf.float32))]:
        place[name].name, place[name].dtype = f"{name}:0", spec.dtype.as_datatype_enum
        place[name].tensor_shape.CopyFrom(spec.shape.as_proto())
    return signature


def optimised(given: Frozen) -> Frozen:
    """With constants folded, and without what does nothing, by Grappler, TensorFlow's own optimiser of graphs."""
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2, device_properties_pb2
    from tensorflow.python.grappler import cluster, tf_optimizer

    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(given.graph, name="")
        meta = tf.compat.v1.train.export_meta_graph(graph_def=graph.as_graph_def(), graph=graph)
    meta.signature_def["kept"].CopyFrom(signature_of(given))
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers[:] = _PASSES
    config.graph_options.rewrite_options.min_graph_nodes = -1
    device = device_properties_pb2.NamedDevice()
    device.name, device.properties.type = "/GPU:0", "GPU"  # for a CPU it would join ops to ones that only TensorFlow has
    result = tf_optimizer.OptimizeGraph(config, meta, cluster=cluster.Cluster(devices=[device]))
    for node in result.node:  # who waits for whom is nothing to a graph that changes nothing
        node.input[:] = [name for name in node.input if not name.startswith("^")]
    return Frozen(result, given.inputs, given.output)
