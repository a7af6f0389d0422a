"""How long a frozen backbone takes: by engine, and from an empty and a filled feature store.

    python benchmarks/extraction.py [--sizes 96 224] [--rounds 3] [--batches]

Prints Markdown tables. Engines take turns, so that a busy machine slows all of them; the smallest of the rounds counts.
--batches: LiteRT by batch size instead, which is what its batch is chosen from.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROWS = 96  # pictures a round
HANDLE = "sample:efficientnet_lite0"

# Data, model and the features of the training and validation rows in a process of its own; imports are left out.
WHOLE = """
import json, sys, time
from tfrun.quiet import import_tensorflow
import_tensorflow()
from tfrun import load
from tfrun.model import build
experiment = load(["+experiment=quickstart", f"transform.image_size={sys.argv[1]}", f"features.folder={sys.argv[2]}"])
began = time.perf_counter()
data = experiment.dataset.open()
model = build(experiment, data, experiment.strategy.build())
features = [model.features(data.splits[name]) for name in ("train", "validation")]
print(json.dumps({"seconds": time.perf_counter() - began, "rows": sum(map(len, features)), "engine": features[0].engine}))
"""


def pictures(size: int, rows: int) -> np.ndarray:
    """Real rows, float32 [rows, size, size, 3] in [0, 1]."""
    from tfrun.dataset.fashion import Fashion
    from tfrun.transform.image import Image

    data = Fashion().open()
    transform = Image(image_size=size).build(data, None)
    return np.concatenate(
        [transform({"image": row["image"][None]}).numpy() for row in data.splits["train"].first(rows).inputs()]
    )


def fastest(works: dict, rounds: int) -> dict[str, float]:
    """Seconds by name, the smallest of the rounds, in which all take turns."""
    best = dict.fromkeys(works, float("inf"))
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def by_engine(size: int, rounds: int) -> list[str]:
    from tfrun.backbone import engine
    from tfrun.backbone.convert import freeze, to_litert
    from tfrun.backbone.hub import Hub
    from tfrun.backbone.layer import compiled

    shape, inputs = (size, size, 3), pictures(size, ROWS)
    layer, _ = Hub(handle=HANDLE).build(shape)
    began = time.perf_counter()
    frozen = freeze(compiled(layer, shape))
    middle = time.perf_counter()
    content = to_litert(frozen)
    seconds = {"plain": 0.0, "graph": middle - began, "litert": time.perf_counter() - began}
    engines = {
        "plain": engine.plain(compiled(layer, shape)),
        "graph": engine.graph(frozen),
        "litert": engine.litert(content, shape),
    }
    expected = compiled(layer, shape)(inputs).numpy()

    def through(one):
        return lambda: [one(inputs[start : start + one.batch]) for start in range(0, ROWS, one.batch)]

    best = fastest({name: through(one) for name, one in engines.items()}, rounds)
    return [
        f"| {size} | {name} | {best[name] / ROWS * 1e3:.2f} | {best['plain'] / best[name]:.1f}× | {seconds[name]:.2f} | "
        f"{engine.difference(one, inputs, expected):.1e} |"
        for name, one in engines.items()
    ]


def by_batch(size: int, rounds: int) -> list[str]:
    from tfrun.backbone import engine
    from tfrun.backbone.convert import freeze, to_litert
    from tfrun.backbone.hub import Hub
    from tfrun.backbone.layer import compiled

    shape, inputs = (size, size, 3), pictures(size, ROWS)
    layer, _ = Hub(handle=HANDLE).build(shape)
    content = to_litert(freeze(compiled(layer, shape)))
    engines = {str(batch): engine.litert(content, shape, batch) for batch in (1, 2, 4, 8, 16, 32)}

    def through(one):
        return lambda: [one(inputs[start : start + one.batch]) for start in range(0, ROWS, one.batch)]

    best = fastest({name: through(one) for name, one in engines.items()}, rounds)
    return [f"| {size} | {name} | {value / ROWS * 1e3:.2f} |" for name, value in best.items()]


def whole(size: int) -> str:
    """From an empty store, and again from what that left."""
    with tempfile.TemporaryDirectory() as store:
        cold, warm = (
            json.loads(subprocess.run([sys.executable, "-c", WHOLE, str(size), store], check=True, capture_output=True).stdout)
            for _ in range(2)
        )
    return f"| {size} | {cold['rows']:,} | {cold['engine']} | {cold['seconds']:.2f} | {warm['seconds']:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[96, 224], help="height and width in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", action="store_true")
    args = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if args.batches:
        print("| pixels | batch | ms an image |\n|---|---|---|")
        for size in args.sizes:
            print(*by_batch(size, args.rounds), sep="\n", flush=True)
        return
    print("| pixels | engine | ms an image | of plain | seconds to make | largest difference |\n|---|---|---|---|---|---|")
    for size in args.sizes:
        print(*by_engine(size, args.rounds), sep="\n", flush=True)
    print("\n| pixels | rows | engine | seconds, empty store | seconds, filled store |\n|---|---|---|---|---|")
    for size in args.sizes:
        print(whole(size), flush=True)


if __name__ == "__main__":
    main()
