"""Making one TFLite file from a SavedModel. Called in a process apart."""

from __future__ import annotations

from pathlib import Path

from tfrun.export import representative

# A file that reads variables has lost its weights; TF Select ops do not run on a plain interpreter.
FOREIGN_OPS = ("READ_VARIABLE", "VAR_HANDLE", "ASSIGN_VARIABLE", "FLEX")


def write(saved_model: str, signature: str, variant: str, rows: str | None, path: str) -> list[str]:
    """Converts the signature and writes the file. rows: representative ones, see representative.py.

    Returns the names of ops that must not be there. Raises what the converter raises: ConverterError, RuntimeError, ValueError and others.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[signature])
    if variant != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if variant == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: representative.read(rows)
    content = converter.convert()
    Path(path).write_bytes(content)
    return foreign_ops(content)


def foreign_ops(content: bytes) -> list[str]:
    """Names of the ops in a flatbuffer that must not be there."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    names = {detail["op_name"] for detail in interpreter._get_ops_details()}
    return sorted(name for name in names if name.upper().startswith(FOREIGN_OPS))
