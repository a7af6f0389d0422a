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

from frozen import BATCH, _arrays, _folder, _resize, _served, imports

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
    import numpy as np
    import tensorflow as tf

    splits, folder = _arrays(0), _folder()
    began = time.perf_counter()
    module, resize = tf.saved_model.load(folder), _resize(SIZE)

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 3], tf.uint8)])
    def features(images):
        return module(resize(images, None)[0], training=False)

    held = {}
    for split, (images, labels) in splits.items():
        found = np.concatenate([features(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])
        dataset = tf.data.Dataset.from_tensor_slices((found, labels)).cache()
        dataset = dataset.shuffle(len(labels)) if split == "train" else dataset
        held[split] = _served(dataset.batch(BATCH), autotune=False)
    steps = -(-len(splits["train"][1]) // BATCH)

    def build(options):
        inputs = keras.Input((1280,))
        return compiled(options, inputs, head(options, inputs), steps)

    searched(build, trials, held["train"], held["validation"])
    return time.perf_counter() - began


def plain(trials: int) -> float:
    """The backbone inside the model; resized pictures cached, shuffled and prefetched; eight steps a call."""
    import keras
    import tensorflow as tf

    splits, folder = _arrays(0), _folder()

    class Backbone(keras.layers.Layer):
        def __init__(self):
            super().__init__(trainable=False)
            self.module = tf.saved_model.load(folder)

        def call(self, images):
            return self.module(images, training=False)

    def batches(split: str):
        dataset = (
            tf.data.Dataset.from_tensor_slices(splits[split]).map(_resize(SIZE), num_parallel_calls=tf.data.AUTOTUNE).cache()
        )
        dataset = dataset.shuffle(len(splits["train"][1])) if split == "train" else dataset
        return _served(dataset.batch(BATCH), autotune=False)

    def build(options):
        inputs = keras.Input((SIZE, SIZE, 3))
        return compiled(options, inputs, head(options, Backbone()(inputs)), 8)

    began = time.perf_counter()
    searched(build, trials, batches("train"), batches("validation"))
    return time.perf_counter() - began


if __name__ == "__main__":
    way, trials = sys.argv[1:]
    imports()
    import keras_tuner  # noqa: F401

    print({"by_hand": by_hand, "plain": plain}[way](int(trials)))
