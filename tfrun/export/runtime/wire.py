"""Arrays through pipes and files, and how a runtime says that it is not there. Without tfrun: workers use it."""

import json


class Missing(Exception):
    """The runtime is not on this machine; the message says how to get it."""


def send(stream, arrays):
    """One frame: arrays by name. numpy's own format asks a stream for its position, which a pipe has not."""
    heads = {name: {"dtype": array.dtype.str, "shape": array.shape} for name, array in arrays.items()}
    stream.write(json.dumps(heads).encode() + b"\n" + b"".join(array.tobytes() for array in arrays.values()))
    stream.flush()


def receive(stream):
    """The next frame: arrays by name, or None at the end of the stream."""
    import numpy

    line = stream.readline()
    if not line:
        return None
    arrays = {}
    for name, head in json.loads(line).items():
        dtype = numpy.dtype(head["dtype"])
        count = dtype.itemsize * int(numpy.prod(head["shape"], dtype=numpy.int64))
        arrays[name] = numpy.frombuffer(stream.read(count), dtype).reshape(head["shape"])
    return arrays
