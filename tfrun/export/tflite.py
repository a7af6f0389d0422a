"""TensorFlow Lite (LiteRT) flatbuffers, in four precisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from tfrun.component import setting
from tfrun.export import Artifact, Export, Source

Variant = Literal["float32", "float16", "dynamic", "int8"]
# A file that reads variables has lost its weights; TF Select ops do not run on a plain interpreter.
FOREIGN_OPS = ("READ_VARIABLE", "VAR_HANDLE", "ASSIGN_VARIABLE", "FLEX")


class TFLite(Export):
    """For phones and small devices: raw inputs, float32 probabilities, builtin ops only.

    These runtimes have no strings: where an input is one, the files answer the signature `numeric`, which takes numbers and
    indices into the vocabularies that `exports/contract.json` lists.
    """

    variants: list[Variant] = setting(
        lambda: ["float32", "float16", "dynamic", "int8"],
        "float32; float16 weights; dynamic: int8 weights; int8: int8 weights and activations", min_length=1,
    )  # fmt: skip
    representative_examples: int = setting(200, "training rows that int8 ranges are fitted on", unit="rows", ge=1)
    max_difference: float = setting(1e-4, "largest difference of float32 probabilities from the trained model", gt=0)

    @property
    def target(self) -> str:
        return "tflite"

    def names(self):
        return [f"{self.target}/{variant}" for variant in dict.fromkeys(self.variants)]

    def largest_difference(self, variant: str) -> float | None:
        return self.max_difference if variant == "float32" else None

    def write(self, source: Source) -> list[Artifact]:
        (source.run_directory / "exports" / "tflite").mkdir(parents=True, exist_ok=True)
        return [self._write(variant, source) for variant in dict.fromkeys(self.variants)]

    def _write(self, variant: str, source: Source) -> Artifact:
        path, signature = f"exports/tflite/{variant}.tflite", _signature(source)
        try:
            content = self._converter(variant, source).convert()
            foreign = foreign_ops(content)
        except Exception as error:  # the converter raises ConverterError, RuntimeError, ValueError and others
            return Artifact(self.target, variant, path, "litert", reasons=[f"cannot be converted: {_reason(error)}"],
                            signature=signature)  # fmt: skip
        (source.run_directory / path).write_bytes(content)
        reasons = [f"holds ops that a plain interpreter cannot run: {', '.join(foreign)}"] if foreign else []
        return Artifact(self.target, variant, path, "litert", reasons=reasons, signature=signature)

    def _converter(self, variant: str, source: Source):
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_saved_model(str(source.saved_model), signature_keys=[_signature(source)])
        if variant == "float32":
            return converter
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: self._representative(source)
        return converter

    def _representative(self, source: Source) -> Iterator[dict[str, np.ndarray]]:
        """Training rows, unaugmented, spread over the classes; by input name."""
        train = source.data.splits["train"]
        order = np.random.default_rng(source.seed).permutation(len(train))
        by_class = order[np.argsort(train.labels[order], kind="stable")]
        picked = by_class[
            np.linspace(0, len(by_class) - 1, min(self.representative_examples, len(by_class))).round().astype(int)
        ]
        for raw in train.take(picked).inputs():
            one = {name: np.asarray(value)[None] for name, value in raw.items()}
            yield one if source.to_numeric is None else {k: np.asarray(v) for k, v in source.to_numeric(one).items()}


def _signature(source: Source) -> str:
    from tfrun.export.module import NUMERIC, SIGNATURE

    return SIGNATURE if source.to_numeric is None else NUMERIC


def foreign_ops(content: bytes) -> list[str]:
    """Names of the ops in a flatbuffer that must not be there."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    names = {detail["op_name"] for detail in interpreter._get_ops_details()}
    return sorted(name for name in names if name.upper().startswith(FOREIGN_OPS))


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line.lower() or "not supported" in line or "neither a custom" in line]
    return (telling or lines or [type(error).__name__])[0][:300]
