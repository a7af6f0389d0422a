"""LiteRT, for TFLite files."""

import os


def start():
    from ai_edge_litert.interpreter import Interpreter

    def load(path, signature):
        runner = Interpreter(model_path=path, num_threads=os.cpu_count()).get_signature_runner(signature)
        return lambda rows: runner(**rows)

    return load
