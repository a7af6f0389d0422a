"""What tensorflow-transform wrote, as the transform: one graph for teams that come from TFX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, shorten
from tfrun.export.size import hash_of
from tfrun.transform import Transform

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.backbone import Backbone
    from tfrun.dataset import Data

_FOLDER = "transform_fn"


class Tft(Transform):
    """The output folder of tensorflow-transform (it holds transform_fn/): its outputs side by side, in order of their names.

    The package itself is not needed. What it was fitted to is as it was: nothing of these data changes it.
    """

    kinds = ("table",)

    directory: Path = setting(help="folder that tft_beam.WriteTransformFn has written")

    @field_validator("directory")
    @classmethod
    def _is_written_by_it(cls, value: Path) -> Path:
        if not (value / _FOLDER / "saved_model.pb").is_file():
            raise ValueError(f"holds no {_FOLDER}/saved_model.pb; name the folder that tft_beam.WriteTransformFn wrote")
        return value

    def build(self, data: Data, backbone: Backbone):
        import tensorflow as tf

        try:
            loaded = tf.saved_model.load(str(self.directory / _FOLDER))
            wanted = loaded.transform_fn.structured_input_signature[0][0]
        except (OSError, ValueError, AttributeError, LookupError, tf.errors.OpError) as error:
            rule = f"cannot be loaded ({shorten(error, 160)})"
            raise RunError(Problem("transform.directory", rule, "write it anew with TensorFlow 2", self.directory)) from error
        specs = _matched({name: spec for name, spec in wanted.items()}, data, self.directory)

        class TransformFn(tf.Module):
            """Part of the exported graph, look-up tables and all."""

            output_dtype = "float32"
            says = "columns are transformed by the graph of tensorflow-transform: send them as they are"
            fitted = hash_of(self.directory / _FOLDER)

            def __init__(self):
                super().__init__(name="transform")
                self.loaded = loaded  # keeps its look-up tables and vocabularies alive, and lets them be exported

            def __call__(self, raw):
                batch = {name: _cast(raw[given], spec) for name, (given, spec) in specs.items()}
                outputs = loaded.transform_fn(batch)
                return tf.concat([_flat(name, outputs[name]) for name in sorted(outputs)], axis=1)

        module = TransformFn()
        first = {spec.name: tf.zeros([1], spec.dtype) for spec in data.inputs}
        module.output_shape = tuple(module(first).shape[1:])
        return module


def _matched(wanted: dict, data: Data, directory: Path) -> dict:
    """{name in the graph: (input's name, spec)}. Raises RunError where a column is not there or not of that kind."""
    import tensorflow as tf

    columns = {spec.column or spec.name: spec for spec in data.inputs}
    problems, found = [], {}
    for name, spec in wanted.items():
        if not isinstance(spec, tf.TensorSpec):
            problems.append(
                Problem(str(directory), f"takes '{name}' as a {type(spec).__name__}", "use a FixedLenFeature([], …)")
            )
        elif name not in columns:
            has = ", ".join(columns)
            problems.append(Problem(str(directory), f"wants the column '{name}'", f"the features are {has}"))
        elif (spec.dtype == tf.string) != (columns[name].dtype == "string"):
            rule = f"takes '{name}' as {spec.dtype.name}, and it is a {columns[name].kind}"
            problems.append(Problem(str(directory), rule, f"set dataset.types.{name}"))
        else:
            found[name] = (columns[name].name, spec)
    if problems:
        raise RunError(*problems)
    return found


def _cast(values: tf.Tensor, spec: tf.TensorSpec) -> tf.Tensor:
    import tensorflow as tf

    values = values if spec.dtype == tf.string else tf.cast(values, spec.dtype)
    return values[:, None] if spec.shape.rank == 2 else values


def _flat(name: str, output) -> tf.Tensor:
    """float32 [batch, n]."""
    import tensorflow as tf

    if not isinstance(output, tf.Tensor) or output.dtype == tf.string:
        what = "strings" if isinstance(output, tf.Tensor) else "a sparse tensor"
        rule = f"gives {what} in '{name}'"
        raise RunError(Problem("transform.directory", rule, "end in numbers: tft.compute_and_apply_vocabulary, tf.one_hot"))
    rows = tf.shape(output)[0]
    flat = tf.reshape(tf.cast(output, tf.float32), [rows, -1])
    return flat if flat.shape[1] is not None else tf.ensure_shape(flat, [None, _width(output)])


def _width(output: tf.Tensor) -> int | None:
    return output.shape[1:].num_elements() if output.shape.rank else None
