"""A frozen backbone as one graph with its weights as constants, and as a LiteRT file."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf
from tensorflow.lite.python.convert import convert_graphdef
from tensorflow.python.framework import convert_to_constants


@dataclass(frozen=True)
class FrozenGraph:
    """definition: no variables, no function calls. input, output: tensors of these names, shapes and dtypes."""

    definition: tf.compat.v1.GraphDef
    input: tf.Tensor
    output: tf.Tensor


def freeze(function) -> FrozenGraph:
    """function: a concrete function of one tensor that gives one tensor.

    Raises what TensorFlow raises where it holds what no constant can stand for, such as a look-up table.
    """
    # The public convert_variables_to_constants_v2 does these two steps, and then spends 1.3 s on a function of the result
    # that nothing here needs.
    data = convert_to_constants._FunctionConverterDataInEager(func=function, lower_control_flow=False, aggressive_inlining=True)
    definition, _ = convert_to_constants._replace_variables_by_constants(converter_data=data)
    return FrozenGraph(definition, function.inputs[0], function.outputs[0])


def to_litert(frozen: FrozenGraph) -> bytes:
    """float32 throughout, builtin ops only. Raises what the converter raises where that cannot be."""
    # From a graph of constants: the converter loses variables that it finds through a Keras model, without a word.
    # tf.lite.TFLiteConverter comes to the same call, after a second graph and before metadata that nothing here reads.
    return convert_graphdef(frozen.definition, [frozen.input], [frozen.output])


def to_function(frozen: FrozenGraph):
    """A compiled function: float32 [batch, ...] -> (float32 [batch, ...],)."""
    whole = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(frozen.definition, name=""), [])
    return whole.prune(frozen.input.name, frozen.output.name)
