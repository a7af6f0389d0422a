"""ONNX Runtime, for ONNX files."""

import wire


def start():
    try:
        import onnxruntime
    except ImportError as error:
        raise wire.Missing("onnxruntime is not installed: pip install 'tfrun[onnx]'") from error

    def load(path, signature):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda rows: dict(zip(names, session.run(names, rows), strict=True))

    return load
