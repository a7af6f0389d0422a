"""One row through an int8 TFLite file beside the SavedModel of the same run, and a cold start of both.

    python -m tfrun +experiment=quickstart tracking=none hydra.run.dir=RUN
    python benchmarks/export/latency.py RUN [--rounds 5]

Latency: both in one process, in turns, medians of 200 calls a round. Cold start: a fresh process each, from its first import to its first answer, in turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

_CALLS = 200
_TENSORFLOW = """
import sys, time
began = time.perf_counter()
import numpy, tensorflow as tf
function = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
function(image=tf.constant(numpy.zeros((1, 28, 28, 3), numpy.uint8)))["probabilities"].numpy()
print(time.perf_counter() - began)
"""
_LITERT = """
import sys, time
began = time.perf_counter()
import numpy
from ai_edge_litert.interpreter import Interpreter
runner = Interpreter(sys.argv[1]).get_signature_runner("serving_default")
runner(image=numpy.zeros((1, 28, 28, 3), numpy.uint8))
print(time.perf_counter() - began)
"""


def one_row(exports: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds a call: (SavedModel, int8)."""
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    row = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 3), dtype=np.uint8)
    function = tf.saved_model.load(str(exports / "saved_model")).signatures["serving_default"]
    runner = Interpreter(str(exports / "tflite/int8.tflite"), num_threads=2).get_signature_runner("serving_default")
    ways = (lambda: function(image=tf.constant(row))["probabilities"].numpy(), lambda: runner(image=row))
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for way, seconds in zip(ways, taken, strict=True):
            calls = []
            for _ in range(_CALLS):
                began = time.perf_counter()
                way()
                calls.append((time.perf_counter() - began) * 1000)
            seconds.append(statistics.median(calls))
    return taken


def cold(exports: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds: (SavedModel, int8)."""
    ways = ((_TENSORFLOW, exports / "saved_model"), (_LITERT, exports / "tflite/int8.tflite"))
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for (code, path), seconds in zip(ways, taken, strict=True):
            done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
            seconds.append(float(done.stdout.split()[-1]))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run directory with exports/saved_model and exports/tflite/int8.tflite")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print("| figure | SavedModel | LiteRT int8 | ratio | bar | |\n|---|---|---|---|---|---|")
    for name, unit, bar, way in (("one row, p50", "ms", 0.15, one_row), ("cold start", "s", 0.05, cold)):
        tensorflow, litert = way(args.run / "exports", args.rounds)
        ratio = statistics.median(ours / theirs for ours, theirs in zip(litert, tensorflow, strict=True))
        a, b = statistics.median(tensorflow), statistics.median(litert)
        print(f"| {name} | {a:.3g} {unit} | {b:.3g} {unit} | {ratio:.3f} | ≤ {bar} | {'yes' if ratio <= bar else 'no'} |")


if __name__ == "__main__":
    main()
