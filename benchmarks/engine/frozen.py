"""A head on a frozen EfficientNet-Lite0, from data to trained head: tfrun, `fit`, and features cached by hand.

Each way trains on the same rows of the fashion sample with Adam 3e-3 in batches of 32 and validates after each epoch.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from typing import Any

import numpy as np

HANDLE = "sample:efficientnet_lite0"
BATCH, RATE = 32, 3e-3
Splits = dict[str, tuple[np.ndarray, np.ndarray]]  # pictures or features, and labels


def cold(size: int, epochs: int, rows: int, cache: str, **_) -> dict[str, float]:
    """What a user does, from an empty cache."""
    return _tfrun(size, epochs, rows, cache, ["head=linear", f"optimizer.learning_rate={RATE}"])


def warm(size: int, epochs: int, rows: int, cache: str, **_) -> dict[str, float]:
    """Another head and another learning rate, after `cold` on the same cache."""
    return _tfrun(size, epochs, rows, cache, ["head=mlp", "optimizer.learning_rate=0.001"])


def _tfrun(size: int, epochs: int, rows: int, cache: str, overrides: list[str]) -> dict[str, float]:
    imports()
    from tfrun import load
    from tfrun.model import build
    from tfrun.record import Record
    from tfrun.record.console import Console
    from tfrun.training.trainer import train

    with tempfile.TemporaryDirectory() as runs:
        began, spent = time.perf_counter(), time.process_time()
        experiment = load([
            "dataset=fashion", "backbone=efficientnet_lite0", f"transform.image_size={size}", "training=frozen",
            f"training.epochs={epochs}", f"training.batch_size={BATCH}", "schedule=constant", "tracking=none",
            f"features.folder={cache}", f"runs={runs}", *overrides,
        ])  # fmt: skip
        record = Record.open(experiment, None, Console(quiet=True))
        data = _limited(experiment.dataset.open(), rows)
        strategy = experiment.strategy.build()
        model = build(experiment, data, strategy)
        history = train(experiment, model, data, strategy, record)
        seconds, cpu = time.perf_counter() - began, time.process_time() - spent
        record.close()
    validation = history.rows[-1]["validation"]
    return {"seconds": seconds, "cpu": cpu, "accuracy": validation["accuracy"]}


def fit(size: int, epochs: int, rows: int, autotune: bool = True, **_) -> dict[str, float]:
    """Resized pictures cached, shuffled and prefetched; several steps a call; no XLA, which is slower on convolutions."""
    import keras

    splits, folder = arrays(rows), module_folder()
    keras.utils.set_random_seed(0)

    began, spent = time.perf_counter(), time.process_time()
    model = keras.Sequential([keras.Input((size, size, 3)), backbone(folder), keras.layers.Dense(10)])
    _compile(model, steps_per_execution=8)
    train, validation = (pictures(splits, split, size, autotune) for split in ("train", "validation"))
    seen = model.fit(train, validation_data=validation, epochs=epochs, verbose=0)
    return _figures(began, spent, seen)


def by_hand(size: int, epochs: int, rows: int, tuned: bool = False, **_) -> dict[str, float]:
    """What a good engineer writes in 15 lines: features of all batches first, then `fit` of the head alone.

    tuned: of that `fit`, by a cached tf.data pipeline without the autotuner and an epoch a call.
    """
    import keras

    splits, folder = arrays(rows), module_folder()
    keras.utils.set_random_seed(0)
    began, spent = time.perf_counter(), time.process_time()
    held = features(splits, folder, size)
    head = keras.Sequential([keras.Input((1280,)), keras.layers.Dense(10)])
    _compile(head, steps_per_execution=41 if tuned else 1)
    if tuned:
        train, validation = (cached(held, split) for split in ("train", "validation"))
        seen = head.fit(train, validation_data=validation, epochs=epochs, verbose=0)
    else:
        seen = head.fit(*held["train"], validation_data=held["validation"], batch_size=BATCH, epochs=epochs, verbose=0)
    return _figures(began, spent, seen)


def backbone(folder: str):
    """The module as a layer that is not trained."""
    import keras
    import tensorflow as tf

    class Backbone(keras.layers.Layer):
        def __init__(self):
            super().__init__(trainable=False)
            self.module = tf.saved_model.load(folder)

        def call(self, images):
            return self.module(images, training=False)

    return Backbone()


def pictures(splits: Splits, split: str, size: int, autotune: bool):
    """Resized, cached, shuffled for training, prefetched."""
    import tensorflow as tf

    resized = tf.data.Dataset.from_tensor_slices(splits[split]).map(_resize(size), num_parallel_calls=tf.data.AUTOTUNE)
    dataset = resized.cache()
    dataset = dataset.shuffle(len(splits["train"][1])) if split == "train" else dataset
    return _served(dataset.batch(BATCH), autotune)


def features(splits: Splits, folder: str, size: int) -> Splits:
    """What the module makes of all pictures, batch by batch: float32 [rows, 1280], with their labels."""
    import tensorflow as tf

    module, resize = tf.saved_model.load(folder), _resize(size)

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 3], tf.uint8)])
    def extracted(images):
        return module(resize(images, None)[0], training=False)

    return {
        split: (np.concatenate([extracted(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]), labels)
        for split, (images, labels) in splits.items()
    }


def cached(held: Splits, split: str):
    """Features as a pipeline without the autotuner, shuffled for training."""
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(held[split]).cache()
    dataset = dataset.shuffle(len(held[split][1])) if split == "train" else dataset
    return _served(dataset.batch(BATCH), autotune=False)


def imports() -> None:
    """What a run imports, the parts that it imports late too: they are no part of the time."""
    from tfrun.quiet import import_tensorflow

    import_tensorflow()
    import ai_edge_litert.interpreter  # noqa: F401
    import hydra  # noqa: F401
    import psutil  # noqa: F401
    import rich.console  # noqa: F401
    import sklearn.metrics  # noqa: F401

    import tfrun.backbone.convert
    import tfrun.backbone.layer
    import tfrun.training.trainer  # noqa: F401


def _limited(data: Any, rows: int) -> Any:
    return data.limited(rows) if rows else data


def arrays(rows: int) -> Splits:
    """Raw pictures and labels of the splits that tfrun uses; reading them is no part of the peers' time."""
    from tfrun.dataset.fashion import Fashion

    splits = _limited(Fashion().open(), rows).splits
    return {
        name: (np.stack([row["image"] for row in splits[name].inputs()]), splits[name].labels)
        for name in ("train", "validation")
    }


def module_folder() -> str:
    from tfrun.backbone import handles

    return str(handles.resolve(HANDLE))


def _resize(size: int):
    import tensorflow as tf

    def resize(images, labels):
        return tf.image.resize(tf.cast(images, tf.float32), (size, size)) / 255.0, labels

    return resize


def _served(dataset, autotune: bool):
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = autotune
    return dataset.prefetch(tf.data.AUTOTUNE if autotune else 2).with_options(options)


def _compile(model, **settings) -> None:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"], jit_compile=False, **settings)


def _figures(began: float, spent: float, seen) -> dict[str, float]:
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    return {"seconds": seconds, "cpu": cpu, "accuracy": seen.history["val_accuracy"][-1]}


WAYS = {
    "tfrun, nothing cached": cold,
    "tfrun, again": warm,
    "fit": fit,
    "fit, autotune off": partial(fit, autotune=False),
    "features cached by hand": by_hand,
    "features cached by hand, tuned": partial(by_hand, tuned=True),
}
