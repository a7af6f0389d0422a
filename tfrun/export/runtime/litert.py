"""LiteRT, for TFLite files. Integers in and out become what they stand for."""

import os


def start():
    import numpy
    from ai_edge_litert.interpreter import Interpreter

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def quantized(values, detail):
        scale, zero = detail["quantization"]
        if detail["dtype"] == values.dtype or not scale:
            return values
        limits = numpy.iinfo(detail["dtype"])
        return numpy.clip(numpy.round(values / scale) + zero, limits.min, limits.max).astype(detail["dtype"])

    def dequantized(values, detail):
        scale, zero = detail["quantization"]
        return numpy.float32(scale) * (values.astype(numpy.float32) - zero) if scale else values

    def load(path, signature):
        runner = Interpreter(model_path=path, num_threads=threads).get_signature_runner(signature)
        takes, gives = runner.get_input_details(), runner.get_output_details()

        def predict(rows):
            answer = runner(**{name: quantized(values, takes[name]) for name, values in rows.items()})
            return {name: dequantized(values, gives[name]) for name, values in answer.items()}

        return predict

    return load
