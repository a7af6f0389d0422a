"""Making one TFLite file. Each function is called in a process apart, and takes and gives plain values.

`about` is what the file tells of itself, see tflite_metadata; None: nothing. Functions that write a file return the names of the ops in it that must not
be there. Raises what the converter raises: ConverterError, RuntimeError, ValueError and others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfrun.export import representative
from tfrun.export.sensitivity import input_part
from tfrun.export.tflite_metadata import described

# A file that reads variables has lost its weights; TF Select ops do not run on a plain interpreter.
FOREIGN_OPS = ("READ_VARIABLE", "VAR_HANDLE", "ASSIGN_VARIABLE", "FLEX")


def write(
    saved_model: str, signature: str, variant: str, rows: str, path: str, about: dict[str, Any] | None = None
) -> list[str]:  # fmt: skip
    """float32, float16, dynamic, int16x8 or plain int8. rows: representative ones, see representative.py."""
    if variant == "int8":
        basis = Path(f"{path}.calibrated")
        try:
            return quantize(str(basis), calibrate(saved_model, signature, rows, str(basis)), False, path, about)
        finally:
            basis.unlink(missing_ok=True)
    import tensorflow as tf

    converter = _converter(saved_model, signature)
    if variant != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if variant == "int16x8":
        int16 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [int16, tf.lite.OpsSet.TFLITE_BUILTINS]
        converter.representative_dataset = _dataset(rows)
    return finish(_converted(converter, signature), path, about)


def calibrate(saved_model: str, signature: str, rows: str, path: str) -> list[str]:
    """Writes the float model with the range of every tensor on the representative rows, for `quantize`.

    Returns the outputs of the ops of its input part, see sensitivity.py.
    """
    import tensorflow as tf

    converter = _converter(saved_model, signature)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = _dataset(rows)
    converter._experimental_calibrate_only = True  # as tf.lite.experimental.QuantizationDebugger does
    content = _converted(converter, signature)
    Path(path).write_bytes(content)
    return input_part(content)


def quantize(calibrated: str, in_float: list[str], integer_io: bool, path: str, about: dict[str, Any] | None) -> list[str]:
    """int8. in_float: outputs of the ops that are left in float32.

    integer_io: float inputs and outputs become int8, those that are uint8 stay so.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    ends = {"input_data_type": tf.int8, "output_data_type": tf.int8} if integer_io else {}
    content = mlir_quantize(Path(calibrated).read_bytes(), denylisted_nodes=in_float or None, **ends)
    return finish(content, path, about)


def finish(content: bytes, path: str, about: dict[str, Any] | None) -> list[str]:
    Path(path).write_bytes(described(content, about) if about else content)
    return foreign_ops(content)


def foreign_ops(content: bytes) -> list[str]:
    """Names of the ops in a flatbuffer that must not be there."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    names = {detail["op_name"] for detail in interpreter._get_ops_details()}
    return sorted(name for name in names if name.upper().startswith(FOREIGN_OPS))


def _converter(saved_model: str, signature: str):
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[signature])


def _converted(converter, signature: str) -> bytes:
    """Raises ValueError where the converter dropped the signature, as it does without a word where it takes a model for a Keras export."""
    from ai_edge_litert.interpreter import Interpreter

    content = converter.convert()
    found = list(Interpreter(model_content=content, num_threads=1).get_signature_list())
    if found != [signature]:
        raise ValueError(f"the converted file answers {', '.join(found) or 'no signature'} instead of {signature}")
    return content


def _dataset(rows: str):
    next(representative.read(rows))  # raises here what the converter would hide
    return lambda: representative.read(rows)
