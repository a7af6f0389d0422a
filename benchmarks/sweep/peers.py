"""KerasTuner on the same rows and the same space: on features cached by hand in one process, and on the whole Keras model.

    python benchmarks/sweep/peers.py by_hand|plain TRIALS

Prints the seconds of the search, imports left out. The rows, the resizing and the module are those of benchmarks/engine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

from frozen import BATCH, arrays, backbone, cached, features, imports, module_folder, pictures

EPOCHS, SIZE = 10, 96


def head(options, inputs):
    """The space of the sweep, in KerasTuner's words."""
    import keras

    l2 = keras.regularizers.L2(options.Float("l2", 1e-6, 1e-2, sampling="log"))
    hidden = keras.layers.Dense(options.Choice("units", [64, 128, 256, 512]), "relu", kernel_regularizer=l2)(inputs)
    hidden = keras.layers.Dropout(options.Float("dropout", 0.0, 0.5))(hidden)
    return keras.layers.Dense(10, kernel_regularizer=l2)(hidden)


def compiled(options, inputs, outputs, steps: int):
    import keras

    model = keras.Model(inputs, outputs)
    rate = options.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"], jit_compile=False, steps_per_execution=steps)
    return model


def searched(build, trials: int, train, validation) -> None:
    import keras_tuner

    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(build, "val_accuracy", max_trials=trials, seed=1, directory=folder)
        tuner.search(train, validation_data=validation, epochs=EPOCHS, verbose=0)


def by_hand(trials: int) -> float:
    """Features of all batches first, then the search over heads, by a cached pipeline and an epoch a call."""
    import keras

    splits, folder = arrays(0), module_folder()
    began = time.perf_counter()
    held = features(splits, folder, SIZE)
    steps = -(-len(splits["train"][1]) // BATCH)

    def build(options):
        inputs = keras.Input((1280,))
        return compiled(options, inputs, head(options, inputs), steps)

    searched(build, trials, cached(held, "train"), cached(held, "validation"))
    return time.perf_counter() - began


def plain(trials: int) -> float:
    """The backbone inside the model; resized pictures cached, shuffled and prefetched; eight steps a call."""
    import keras

    splits, folder = arrays(0), module_folder()

    def build(options):
        inputs = keras.Input((SIZE, SIZE, 3))
        return compiled(options, inputs, head(options, backbone(folder)(inputs)), 8)

    began = time.perf_counter()
    train, validation = (pictures(splits, split, SIZE, autotune=False) for split in ("train", "validation"))
    searched(build, trials, train, validation)
    return time.perf_counter() - began


if __name__ == "__main__":
    way, trials = sys.argv[1:]
    imports()
    import keras_tuner  # noqa: F401

    print({"by_hand": by_hand, "plain": plain}[way](int(trials)))
