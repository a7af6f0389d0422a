"""All TFLite files of EfficientNet-Lite0 at 96 pixels and what is measured of them: tfrun beside a chain written by hand.

    python benchmarks/export/chain.py [--rounds 3]

By hand: plain converter calls in one process, one after the other, then an Interpreter loop over the test rows for each file. Both sides get the
same SavedModel, variants, representative rows and test rows; TensorFlow is imported and the model saved before either clock starts. Rounds take
turns. tfrun measures more (cold start, p50 and p99, memory, a process a file, an interval); with --head refit it also fits the head again and
searches, which the chain does not do.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tfrun import Experiment, load
from tfrun.config.problems import Problem, RunError

VARIANTS = ("float32", "float16", "dynamic", "int8")


def prepared(head: str, folder: Path):
    """(experiment, model, data, held) of the quickstart with an untrained head: it costs both sides the same."""
    import tensorflow as tf

    from tfrun.export.held import Held
    from tfrun.model import build

    refit = (
        ["export.tflite.int8.head=refit"]
        if head == "refit"
        else ["export.tflite.int8.head=keep", "export.tflite.int8.retention=null"]
    )
    experiment: Experiment = load(["+experiment=quickstart", "tracking=none", "export=[tflite]", f"runs={folder}", *refit])
    data = experiment.dataset.open()
    model = build(experiment, data, tf.distribute.OneDeviceStrategy("/CPU:0"))
    split = data.splits["test"]
    probabilities = model.predict(split)
    return experiment, model, data, Held(split, probabilities, experiment.evaluation.measure(split.labels, probabilities, 10))


def ours(experiment, model, data, held, record, directory: Path) -> float:
    from tfrun.export.stage import export

    began = time.perf_counter()
    artifacts = export(experiment, model, data, held, record, directory)
    seconds = time.perf_counter() - began
    failed = [reason for artifact in artifacts for reason in artifact.reasons]
    if failed:
        raise RunError(Problem("export.tflite", "; ".join(failed), "nothing can be compared"))
    return seconds


def by_hand(model, data, held, count: int, folder: Path) -> float:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from tfrun.export import module

    began = time.perf_counter()
    module.save(model, folder / "saved_model")
    rows = [row["image"] for row in data.splits["train"].first(count).inputs()]
    for variant in VARIANTS:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved_model"), signature_keys=["serving_default"])
        if variant != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: ({"image": row[None]} for row in rows)
        (folder / f"{variant}.tflite").write_bytes(converter.convert())
    for variant in VARIANTS:
        runner = Interpreter(str(folder / f"{variant}.tflite")).get_signature_runner("serving_default")
        found = [runner(image=row["image"][None])["probabilities"][0] for row in held.split.inputs()]
        held_labels = held.split.labels
        float((np.argmax(found, axis=1) == held_labels).mean())
    return time.perf_counter() - began


def main() -> None:
    from tfrun import apart
    from tfrun.quiet import import_tensorflow
    from tfrun.record import Record
    from tfrun.record.console import Console

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--head", choices=("keep", "refit"), default="keep")
    args = parser.parse_args()
    apart.server()
    import_tensorflow()
    times: dict[str, list[float]] = {"tfrun": [], "by hand": []}
    with tempfile.TemporaryDirectory() as folder:
        experiment, model, data, held = prepared(args.head, Path(folder))
        count = experiment.export["tflite"].representative_examples
        record = Record.open(experiment, None, Console(quiet=True))
        for number in range(args.rounds):
            (hand := Path(folder) / f"hand{number}").mkdir()
            times["by hand"].append(by_hand(model, data, held, count, hand))
            times["tfrun"].append(ours(experiment, model, data, held, record, Path(folder) / f"tfrun{number}"))
        record.close()
    print("| way | seconds (smallest … largest) |\n|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {statistics.median(seconds):.1f} ({min(seconds):.1f} … {max(seconds):.1f}) |")
    ratio = statistics.median(mine / hand for mine, hand in zip(times["tfrun"], times["by hand"], strict=True))
    print(f"\nratio {ratio:.2f} ×; bar ≤ 0.8 ×: {'yes' if ratio <= 0.8 else 'no'}")


if __name__ == "__main__":
    main()
