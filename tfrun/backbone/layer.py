"""A Keras 3 layer around a SavedModel whose variables really are the layer's.

`hub.KerasLayer` is a tf_keras layer, which Keras 3 refuses; a layer that only keeps the loaded object trains nothing,
silently. Here each variable of the module is wrapped as a keras.Variable that shares its storage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfrun.config.problems import Problem, RunError


class HubLayer(keras.layers.Layer):
    """Calls a module on float32 inputs in [0, 1], or on strings; gives float32 features [batch, size].

    path: folder of the SavedModel. signature: call this one instead of the module. output_key: of a mapping of outputs.
    value_range: what [0, 1] is stretched to before the call. Frozen until `trainable` is set.
    Raises RunError where the folder cannot be loaded or has nothing to call.
    """

    def __init__(
        self, path: str, signature: str | None = None, output_key: str | None = None,
        arguments: dict[str, Any] | None = None, value_range: tuple[float, float] = (0.0, 1.0), **kwargs,
    ):  # fmt: skip
        # float32 also under a mixed-precision policy: Keras must not cast inside somebody else's graph.
        super().__init__(trainable=True, dtype="float32", **kwargs)
        self.folder, self.output_key, self.arguments = path, output_key, dict(arguments or {})
        self.value_range = tuple(value_range)
        module = _load(path)
        self.resources = untracked_resources(module)
        self._module = _Hidden(module)
        self._callable = callable(module) and signature is None
        self._function = module.__call__ if self._callable else _signature(module, signature, path)
        self.input_shape_wanted = _wanted(self._function) if self._callable else _input_spec(self._function)[1].shape[1:]
        self.input_dtype_wanted = _dtype(self._function) if self._callable else _input_spec(self._function)[1].dtype.name
        names = _argument_names(self._function) if self._callable else ()
        self._takes_training = "training" in names
        self._penalties = _Hidden(list(getattr(module, "regularization_losses", None) or ()))
        self.fine_tunable = self._wrap_variables(module)
        self.built = True
        self.trainable = False

    def _wrap_variables(self, module) -> bool:
        variables = _variables(module, self._function)
        named = getattr(module, "trainable_variables", None)
        trainable = {id(v) for v in (named if named is not None else [v for v in variables if v.trainable])}
        fine_tunable = bool(trainable) and self._callable
        for index, variable in enumerate(variables):
            name = f"{index:03d}_{variable.name.split(':')[0].replace('/', '_')}"
            wrapped = keras.Variable(
                variable, shape=variable.shape, dtype=variable.dtype.name, autocast=False, name=name,
                trainable=fine_tunable and id(variable) in trainable,
            )  # fmt: skip
            self._track_variable(wrapped)
        return fine_tunable

    def call(self, inputs, training=False):
        low, high = self.value_range
        if (low, high) != (0.0, 1.0) and inputs.dtype != tf.string:
            inputs = inputs * (high - low) + low
        if self._callable:
            flag = {"training": bool(training and self.trainable)} if self._takes_training else {}
            outputs = self._function(inputs, **flag, **self.arguments)
        else:
            outputs = self._function(**{_input_spec(self._function)[0]: inputs}, **self.arguments)
        return self._pick(outputs)

    def penalties(self) -> list[tf.Tensor]:
        """The module's regularisation losses, scalars; empty while frozen."""
        return [penalty() for penalty in self._penalties.value] if self.trainable else []

    def _pick(self, outputs):
        if isinstance(outputs, tuple | list):
            if len(outputs) != 1:
                raise RunError(
                    Problem(
                        "backbone.handle",
                        f"the module gives {len(outputs)} unnamed outputs",
                        "choose a module with one, or a signature",
                        self.folder,
                    )
                )
            return outputs[0]
        if not isinstance(outputs, dict):
            return outputs
        key = self.output_key or ("default" if "default" in outputs else next(iter(outputs)) if len(outputs) == 1 else None)
        if key not in outputs:
            rule = f"the module has the outputs {', '.join(sorted(outputs))}"
            raise RunError(Problem("backbone.output_key", rule, "choose one", self.output_key))
        return outputs[key]


def compiled(layer: keras.Layer, input_shape: tuple[int, ...], dtype: str = "float32"):
    """The layer as a concrete function, `dtype` [batch, *input_shape] -> float32 [batch, ...], not training. Made once."""
    made = vars(layer).setdefault("_compiled", {})  # in vars(): as an attribute Keras would track it
    if input_shape not in made:
        call = layer.call if isinstance(layer, HubLayer) else layer  # Keras would wrap what a module raises

        def features(inputs):
            return tf.cast(call(inputs, training=False), tf.float32)

        spec = tf.TensorSpec([None, *input_shape], dtype)
        made[input_shape] = tf.function(features, input_signature=[spec], autograph=False).get_concrete_function()
    return made[input_shape]


class _Hidden:
    """Keeps a value away from Keras's tracking, which would count the module's variables twice."""

    def __init__(self, value):
        self.value = value


def _load(path: str):
    is_tf1 = (Path(path) / "tfhub_module.pb").is_file()  # these have a graph without tags
    try:
        return tf.saved_model.load(path, tags=[] if is_tf1 else None)
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:160]
        raise RunError(
            Problem("backbone.handle", f"cannot be loaded ({reason})", "is it a whole TF2 SavedModel?", path)
        ) from error


def _variables(module, function) -> list[tf.Variable]:
    """Those that the module lists, in that order, then what its function captures besides.

    A plain tf.Module does not keep its list when it is saved, and a listed one may be incomplete.
    """
    captured = {id(value) for trace in getattr(function, "concrete_functions", [function]) for value in trace.captured_inputs}
    tracked = [node for node in tf.train.TrackableView(module).descendants() if isinstance(node, tf.Variable)]
    used = [node for node in tracked if id(node) in captured or _handles(node) & captured]
    return list({id(variable): variable for variable in [*(getattr(module, "variables", None) or ()), *used]}.values())


def _handles(variable: tf.Variable) -> set[int]:
    """Identities of its resource handles: one, or one a replica."""
    return {id(copy.handle) for copy in getattr(variable, "values", (variable,))}


def _signature(module, signature: str | None, path: str):
    signatures = getattr(module, "signatures", {})
    name = signature or next((key for key in ("serving_default", "default") if key in signatures), None)
    if name not in signatures:
        has = ", ".join(sorted(signatures)) or "none"
        raise RunError(
            Problem("backbone.signature", f"{path} cannot be called and has the signatures: {has}", "choose one", signature)
        )
    return signatures[name]


def _argument_names(function) -> tuple[str, ...]:
    spec = getattr(function, "function_spec", None)
    full = getattr(spec, "fullargspec", None)
    return tuple(full.args + full.kwonlyargs) if full else ()


def _wanted(function) -> tf.TensorShape | None:
    """The shape of one input where all traces of a module's call agree on it; None where it takes several."""
    traces = getattr(function, "concrete_functions", [])
    specs = [trace.structured_input_signature[0][:1] for trace in traces]
    shapes = {
        tuple(spec[0].shape[1:].as_list())
        for spec in specs
        if spec and isinstance(spec[0], tf.TensorSpec) and spec[0].shape.rank
    }
    return tf.TensorShape(shapes.pop()) if len(shapes) == 1 else None


def _dtype(function) -> str | None:
    """The name of the dtype of one input where all traces of a module's call agree on it."""
    specs = [trace.structured_input_signature[0][:1] for trace in getattr(function, "concrete_functions", [])]
    names = {spec[0].dtype.name for spec in specs if spec and isinstance(spec[0], tf.TensorSpec)}
    return names.pop() if len(names) == 1 else None


def _input_spec(signature) -> tuple[str, tf.TensorSpec]:
    """Name and spec of a signature's only input."""
    inputs = signature.structured_input_signature[1]
    if len(inputs) != 1:
        raise RunError(
            Problem("backbone.signature", f"takes {len(inputs)} inputs ({', '.join(inputs)})", "a backbone takes one")
        )
    return next(iter(inputs.items()))


def untracked_resources(module) -> list:
    """Look-up tables and files that an exported graph needs beside the variables."""
    from tensorflow.python.trackable.asset import Asset
    from tensorflow.python.trackable.resource import TrackableResource

    return [node for node in tf.train.TrackableView(module).descendants() if isinstance(node, TrackableResource | Asset)]
