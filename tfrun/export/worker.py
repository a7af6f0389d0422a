"""Runs one exported file in a process of its own, without tfrun, as somebody who got the file would.

The runtime is named on the command line. Reads a JSON line (path, signature, output, repeats, seconds) from standard input, then frames with a batch of
each raw input until the pipe closes. Writes a JSON line of measurements and one frame of outputs to standard output.
The first row of the first batch is what latency is measured on.
"""

import json
import os
import resource
import sys
import time


def saved_model():
    import tensorflow as tf

    def load(path, signature):
        function = tf.saved_model.load(path).signatures[signature]

        def predict(rows):
            batch = {name: tf.constant(values) for name, values in rows.items()}
            return {key: value.numpy() for key, value in function(**batch).items()}

        return predict

    return load


def litert():
    from ai_edge_litert.interpreter import Interpreter

    def load(path, signature):
        runner = Interpreter(model_path=path, num_threads=os.cpu_count()).get_signature_runner(signature)
        return lambda rows: runner(**rows)

    return load


RUNTIMES = {"saved_model": saved_model, "litert": litert}


def timed(function, *arguments):
    began = time.perf_counter()
    result = function(*arguments)
    return result, (time.perf_counter() - began) * 1000


def peak_memory():
    """Bytes. From Linux's own record, since getrusage counts what the parent held at the fork."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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


def main(runtime, incoming, outgoing):
    numpy, numpy_ms = timed(__import__, "numpy")
    load, import_ms = timed(RUNTIMES[runtime])
    job = json.loads(incoming.readline())
    predict, load_ms = timed(load, job["path"], job["signature"])

    outputs, latencies, first_ms = [], [], None
    while (rows := receive(incoming)) is not None:
        if first_ms is None:
            one = {name: values[:1] for name, values in rows.items()}
            _, first_ms = timed(predict, one)
            until = time.perf_counter() + job["seconds"]
            while len(latencies) < job["repeats"] and (time.perf_counter() < until or len(latencies) < 5):
                latencies.append(timed(predict, one)[1])
        outputs.append(numpy.asarray(predict(rows)[job["output"]], numpy.float32))

    report = {
        "import_ms": numpy_ms + import_ms,
        "cold_load": load_ms,
        "cold_first": first_ms,
        "p50": float(numpy.percentile(latencies, 50)),
        "p99": float(numpy.percentile(latencies, 99)),
        "peak_memory_bytes": peak_memory(),
    }
    outgoing.write(json.dumps(report).encode() + b"\n")
    send(outgoing, {"outputs": numpy.concatenate(outputs)})


if __name__ == "__main__":
    # Libraries print to standard output too: they get standard error, and the answer keeps its pipe.
    sys.modules["tfrun"] = None  # an exported file must not need it: importing it here raises
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.argv[1], sys.stdin.buffer, answer)
