"""What a step of the small CNN cannot be faster than: its convolutions, and plain products of the same sizes.

`python benchmarks/engine/products.py` prints, for batch 64, milliseconds (best of 60) and billions of operations a second.
"""

from __future__ import annotations

import time

import tensorflow as tf

BATCH = 64


def best(function) -> float:
    """Seconds of the fastest of 60 calls."""
    function(), function()
    times = []
    for _ in range(60):
        began = time.perf_counter()
        function().numpy()
        times.append(time.perf_counter() - began)
    return min(times)


def report(name: str, operations: float, make) -> None:
    seconds = best(tf.function(make))
    print(f"{name:36} {1e3 * seconds:7.3f} ms {operations / seconds / 1e9:6.0f} GF/s")


def product(rows: int, inner: int, columns: int) -> None:
    one, other = tf.random.normal([rows, inner]), tf.random.normal([inner, columns])
    report(f"product {rows} x {inner} x {columns}", 2.0 * rows * inner * columns, lambda: tf.matmul(one, other))


def convolution(side: int, channels: int, filters: int) -> None:
    """3 x 3, stride 2: forward, and both gradients."""
    half = side // 2
    inputs, kernel = tf.random.normal([BATCH, side, side, channels]), tf.random.normal([3, 3, channels, filters])
    grown = tf.random.normal([BATCH, half, half, filters])
    common = {"out_backprop": grown, "strides": [1, 2, 2, 1], "padding": "SAME"}
    operations = 2.0 * BATCH * half * half * 9 * channels * filters
    name = f"{side} px, {channels} to {filters}"
    report(f"{name}: forward", operations, lambda: tf.nn.conv2d(inputs, kernel, 2, "SAME"))
    report(f"{name}: by kernel", operations, lambda: tf.raw_ops.Conv2DBackpropFilter(input=inputs, filter_sizes=kernel.shape, **common))
    report(f"{name}: by input", operations, lambda: tf.raw_ops.Conv2DBackpropInput(input_sizes=inputs.shape, filter=kernel, **common))


if __name__ == "__main__":
    convolution(28, 1, 32)
    convolution(14, 32, 64)
    for sizes in ((BATCH * 49, 288, 64), (288, BATCH * 49, 64), (BATCH * 49, 64, 288)):
        product(*sizes)
