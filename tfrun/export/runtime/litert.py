"""LiteRT, for TFLite files."""

import os


def start():
    from ai_edge_litert.interpreter import Interpreter

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def load(path, signature):
        runner = Interpreter(model_path=path, num_threads=threads).get_signature_runner(signature)
        return lambda rows: runner(**rows)

    return load
