"""Making one TFLite file of fixed shapes from a SavedModel, for LiteRT.js. Called in a process apart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.export import representative, tflite_file
from tfrun.export.frozen import Frozen, frozen

if TYPE_CHECKING:
    import tensorflow as tf


def write(saved_model: str, signature: str, variant: str, rows: str, path: str, image_size: list[int] | None) -> dict:
    """image_size: height and width that callers bring pictures to, or None where there are none; pictures are float32 then.

    rows: representative ones, see representative.py.
    Returns {"foreign": names of ops that must not be there, "resize": method of the transform}.
    Raises ValueError where an input has no fixed shape.
    """
    model = frozen(Path(saved_model), signature)
    specs = {name: fixed(spec, image_size) for name, spec in model.inputs.items()}
    method = resize_method(model)
    folder = Path(path).with_suffix(".source")
    try:
        save(model, specs, signature, folder / "model")
        fitting = folder / "rows"
        if variant == "int8":
            representative.write_rows(fitted(rows, specs, method), fitting)
        foreign = tflite_file.write(str(folder / "model"), signature, variant, str(fitting), path, about=None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"foreign": foreign, "resize": method}


def fixed(spec: tf.TensorSpec, image_size: list[int] | None) -> tf.TensorSpec:
    """One row of it. A picture is float32 [1, height, width, channels]: resized pixels are no whole numbers any more."""
    import tensorflow as tf

    shape = spec.shape.as_list()[1:]
    if is_picture(spec) and image_size is not None:
        return tf.TensorSpec([1, *image_size, shape[2]], tf.float32, name=spec.name)
    if None in shape:
        raise ValueError(f"the input {spec.name} has no fixed length, which LiteRT.js needs; use export=[tfjs] for the web")
    return tf.TensorSpec([1, *shape], spec.dtype, name=spec.name)


def is_picture(spec: tf.TensorSpec) -> bool:
    return spec.shape.rank == 4 and spec.dtype.name == "uint8"


def resize_method(model: Frozen) -> str:
    return "nearest" if any(node.op == "ResizeNearestNeighbor" for node in model.graph.node) else "bilinear"


def save(model: Frozen, specs: dict[str, tf.TensorSpec], signature: str, folder: Path) -> None:
    """The frozen graph as a SavedModel that takes `specs`. Raises ValueError where a picture is not made float32 first."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef()
    graph.CopyFrom(model.graph)
    for name, spec in specs.items():
        if spec.dtype != model.inputs[name].dtype:
            _take_float(graph, name)
    for node in graph.node:
        node.attr.pop("_output_shapes", None)  # of the old inputs

    class Fixed(tf.Module):
        """Its constants are in the graph."""

        @tf.function
        def predict(self, **batch):
            given = {f"{name}:0": value for name, value in batch.items()}
            (answer,) = tf.graph_util.import_graph_def(graph, input_map=given, return_elements=[f"{model.output}:0"])
            return {model.output: answer}

    module = Fixed()
    tf.saved_model.save(module, str(folder), signatures={signature: module.predict.get_concrete_function(**specs)})


def _take_float(graph, name: str) -> None:
    """Whatever makes the pixels float32 gets them as float32: nothing is left to do for it."""
    import tensorflow as tf

    wanted = tf.float32.as_datatype_enum
    for node in graph.node:
        if name not in {given.removeprefix("^").partition(":")[0] for given in node.input}:
            continue
        if node.op == "Identity":
            node.attr["T"].type = wanted
            _take_float(graph, node.name)
        elif node.op == "Cast" and node.attr["DstT"].type == wanted:
            node.attr["SrcT"].type = wanted
        else:
            raise ValueError(
                f"the graph does more with {name} than to make it float32 ({node.op}); use export=[tfjs] for the web"
            )


def fitted(rows: str, specs: dict[str, tf.TensorSpec], method: str) -> Iterator[dict]:
    """Representative rows as the file takes them: what `fixed` in web/page/litertjs.js does."""
    import tensorflow as tf

    for row in representative.read(rows):
        yield {
            name: tf.image.resize(tf.cast(value, tf.float32), specs[name].shape[1:3], method=method).numpy()
            if specs[name].dtype != value.dtype else value
            for name, value in row.items()
        }  # fmt: skip
