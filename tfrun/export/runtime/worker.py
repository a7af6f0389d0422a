"""Runs one exported file in a process of its own, without tfrun, as somebody who got the file would.

The runtime is named on the command line: a file beside this one with `start()`, which imports the runtime and returns `load(path, signature)`,
which returns `predict(rows)`: arrays by name in and out. Where timing and memory are a matter of the runtime's own (a browser), `predict` has
`latencies(rows, repeats, seconds)`, in ms, and `peak_memory()`, in bytes.

Reads a JSON line (path, signature, output, repeats, seconds) from standard input, then frames with a batch of each raw input until the pipe closes.
Writes a JSON line of measurements and one frame of outputs to standard output, or the line {"missing": …} where the runtime is not on this machine.
The first row of the first batch is what latency is measured on; rows a second are those of the batches after the first, as far as there are any.
"""

import importlib.util
import json
import os
import resource
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


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


def latencies_of(predict):
    """How the runtime measures them, or how they are measured here."""

    def latencies(one, repeats, seconds):
        until, taken = time.perf_counter() + seconds, []
        while len(taken) < repeats and (time.perf_counter() < until or len(taken) < 5):
            taken.append(timed(predict, one)[1])
        return taken

    return getattr(predict, "latencies", latencies)


def rows_of(arrays):
    return len(next(iter(arrays.values())))


def module_of(runtime):
    """By its place: `onnx` here is not the package of that name."""
    path = os.path.join(HERE, runtime + ".py")
    spec = importlib.util.spec_from_file_location("runtime_" + runtime, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(runtime, incoming, outgoing):
    import wire

    try:
        numpy, numpy_ms = timed(__import__, "numpy")
        load, import_ms = timed(module_of(runtime).start)
    except wire.Missing as missing:
        outgoing.write(json.dumps({"missing": str(missing)}).encode() + b"\n")
        return
    job = json.loads(incoming.readline())
    predict, load_ms = timed(load, job["path"], job["signature"])

    outputs, latencies, first_ms, speeds = [], [], None, []
    while (rows := wire.receive(incoming)) is not None:
        if first_ms is None:
            one = {name: values[:1] for name, values in rows.items()}
            _, first_ms = timed(predict, one)
            latencies = latencies_of(predict)(one, job["repeats"], job["seconds"])
        answer, batch_ms = timed(predict, rows)
        outputs.append(numpy.asarray(answer[job["output"]] if isinstance(answer, dict) else answer, numpy.float32))
        speeds.append((rows_of(rows), batch_ms))

    counted = speeds[1:] or speeds
    report = {
        "import_ms": numpy_ms + import_ms,
        "cold_load": load_ms,
        "cold_first": first_ms,
        "p50": float(numpy.percentile(latencies, 50)),
        "p99": float(numpy.percentile(latencies, 99)),
        "rows_per_second": sum(count for count, _ in counted) / sum(ms for _, ms in counted) * 1000,
        "peak_memory_bytes": getattr(predict, "peak_memory", peak_memory)(),
    }
    outgoing.write(json.dumps(report).encode() + b"\n")
    wire.send(outgoing, {"outputs": numpy.concatenate(outputs)})


if __name__ == "__main__":
    # Last on the path: no file here takes the place of a package of the same name.
    sys.path.append(HERE)
    # Libraries print to standard output too: they get standard error, and the answer keeps its pipe.
    sys.modules["tfrun"] = None  # an exported file must not need it: importing it here raises
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.argv[1], sys.stdin.buffer, answer)
