"""Steps of whole models: tfrun's engine beside `fit`, on rows in memory, all shuffled row by row.

A way gives `ms`, of a step once all is compiled: the median over epochs of an epoch's time by its steps, the fastest as
`best`; `first`, seconds until the first epoch is done; `loss`, the training loss of the second epoch, which tells that the
ways do the same work.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

RATE = 1e-3


# --- the models; each: batch size, side of the pictures in pixels, channels


def mlp():
    import keras

    layers = keras.layers
    return keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10)]
    )


def cnn():
    import keras

    layers = keras.layers
    convolutions = [layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu") for filters in (32, 64)]
    return keras.Sequential([keras.Input((28, 28, 1)), *convolutions, layers.Flatten(), layers.Dense(10)])


def mobilenet():
    import keras

    return keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10, classifier_activation=None)


MODELS = {"mlp": (mlp, 32, 28, 1), "cnn": (cnn, 64, 28, 1), "mobilenet": (mobilenet, 32, 96, 3)}


# --- tfrun


def run(steps: int, epochs: int, **_) -> dict[str, float]:
    """The MLP by a whole run with all that belongs to it: checkpoints, curves, the choice of XLA."""
    from tfrun.quiet import import_tensorflow

    import_tensorflow()
    from tfrun.backbone.none import NoBackbone
    from tfrun.dataset.fashion import Fashion
    from tfrun.experiment import Experiment
    from tfrun.head.mlp import Mlp
    from tfrun.model import build
    from tfrun.optimizer.adam import Adam
    from tfrun.record import Record
    from tfrun.record.console import Console
    from tfrun.schedule.constant import Constant
    from tfrun.tracking.none import NoTracking
    from tfrun.training.frozen import Frozen
    from tfrun.training.trainer import train
    from tfrun.transform.image import Image

    data, marks = _grey(steps * 32), [time.perf_counter()]

    class Marked(Record):
        def metrics(self, row) -> None:
            super().metrics(row)
            if row["step"]:
                marks.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(
            dataset=Fashion(), backbone=NoBackbone(), transform=Image(image_size=28), head=Mlp(units=[128]),
            optimizer=Adam(learning_rate=RATE), schedule=Constant(), training=Frozen(epochs=epochs, batch_size=32),
            tracking=NoTracking(), runs=folder, features={"folder": f"{folder}/cache"},
        )  # fmt: skip
        record = Marked.open(experiment, None, Console(quiet=True))
        strategy = experiment.strategy.build()
        history = train(experiment, build(experiment, data, strategy), data, strategy, record)
        record.close()
    return _figures(marks, steps, [row["train"]["loss"] for row in history.rows if "train" in row])


def array_loop(name: str, steps: int, epochs: int, **_) -> dict[str, float]:
    """The engine itself, rows in memory."""
    make, size, _, _ = MODELS[name]
    return _driven(resident(name, steps), make, size, steps, epochs)


def resident(name: str, steps: int) -> Callable:
    """From a step of the model to its loop over `steps` batches of rows in memory."""
    import tensorflow as tf

    from tfrun.training.loop import ArrayLoop
    from tfrun.training.order import order

    _, size, side, channels = MODELS[name]
    inputs, labels = _rows(steps * size, side, channels)

    def plan(first: int, count: int):
        return order(len(labels), 0, first * size, count * size).reshape(count, size), None, None

    held = (tf.constant(inputs), tf.constant(labels), tf.ones(len(labels)))
    return lambda step: ArrayLoop(step, *held, size, plan, xla=False)


def stream_loop(name: str, steps: int, epochs: int, **_) -> dict[str, float]:
    """The engine as it fine-tunes: rows read and resized for each step by a tf.data stream."""
    from types import SimpleNamespace

    import tensorflow as tf

    from tfrun.augment.none import NoAugment
    from tfrun.dataset.fashion import Fashion
    from tfrun.training.loop import StreamLoop
    from tfrun.training.stream import input_batches
    from tfrun.transform.image import Image

    make, size, side, _ = MODELS[name]
    data = Fashion().open()
    split = data.splits["train"].take(np.arange(steps * size) % len(data.splits["train"]))
    model = SimpleNamespace(transform=Image(image_size=side).build(data, None))
    strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    dataset = strategy.distribute_datasets_from_function(lambda _: input_batches(model, split, NoAugment(), size, seed=0))
    return _driven(lambda step: StreamLoop(step, dataset, strategy), make, size, steps, epochs)


def bare(name: str, steps: int, epochs: int, **_) -> dict[str, float]:
    """The floor: one compiled step called again and again on a batch that stays where it is."""
    import tensorflow as tf

    from tfrun.training.loss import Batch

    make, size, side, channels = MODELS[name]
    inputs, labels = _rows(size, side, channels)
    step, batch = step_of(make(), size), Batch(tf.constant(inputs), tf.constant(labels), tf.ones(size))

    @tf.function(autograph=False)
    def once(number):
        return step(batch, number, tf.constant(1.0))

    marks, losses = [time.perf_counter()], []
    for epoch in range(epochs):
        for number in range(steps):
            totals = once(tf.constant(epoch * steps + number))
        losses.append(float(totals[0] / totals[2]))
        marks.append(time.perf_counter())
    return _figures(marks, steps, losses)


def _driven(make_loop: Callable, make_model: Callable, size: int, steps: int, epochs: int) -> dict[str, float]:
    """Calls of the loop as the trainer makes them."""
    from tfrun.training.loop import Pace

    marks, losses = [time.perf_counter()], []
    loop, pace = make_loop(step_of(make_model(), size)), Pace()
    for epoch in range(epochs):
        totals = sum(stretch.totals for stretch in loop.run(epoch * steps, (epoch + 1) * steps, pace, 1.0, lambda: False))
        losses.append(totals[0] / totals[2])
        marks.append(time.perf_counter())
    return _figures(marks, steps, losses)


def step_of(model, size: int):
    """Of all weights of a Keras model, as a phase makes it."""
    import tensorflow as tf

    from tfrun.optimizer.adam import Adam
    from tfrun.training.loss import CrossEntropy
    from tfrun.training.step import Step, Trained

    adam = Adam(learning_rate=RATE)
    variables = [variable.value for variable in model.trainable_variables]
    slots = [[tf.Variable(tf.zeros(variable.shape)) for _ in adam.slots] for variable in variables]
    return Step(
        forward=lambda inputs: model(inputs, training=True), loss=CrossEntropy(), penalties=list, optimizer=adam,
        rate=lambda number: tf.constant(RATE), groups=[Trained(variables, slots)], batch_size=size,
    )  # fmt: skip


# --- fit


def fit(
    name: str, steps: int, epochs: int, a_call: int | None = None, xla: bool | str = False, autotune: bool = True,
    of: str = "rows", **_,
) -> dict[str, float]:  # fmt: skip
    """a_call: steps a call; None: an epoch. of: `arrays` are shuffled by `fit` itself, `rows` by tf.data."""
    import keras
    import tensorflow as tf

    make, size, side, channels = MODELS[name]
    inputs, labels = _rows(steps * size, side, channels)
    keras.utils.set_random_seed(0)
    model = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, jit_compile=xla, steps_per_execution=a_call or steps)
    marks = [time.perf_counter()]

    class Marks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            marks.append(time.perf_counter())

    common = {"epochs": epochs, "verbose": 0, "callbacks": [Marks()]}
    if of == "arrays":
        seen = model.fit(inputs, labels, batch_size=size, **common)
    else:
        rows = tf.data.Dataset.from_tensor_slices((inputs, labels)).cache().shuffle(len(labels))
        options = tf.data.Options()
        options.autotune.enabled = autotune
        batches = rows.batch(size, drop_remainder=True).prefetch(tf.data.AUTOTUNE if autotune else 2)
        seen = model.fit(batches.with_options(options), **common)
    return _figures(marks, steps, seen.history["loss"])


# --- rows


def _rows(count: int, side: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The training rows of the fashion sample, again and again: float32 [count, side, side, channels] in [0, 1], int32 [count]."""
    import tensorflow as tf

    from tfrun.dataset.fashion import Fashion

    split = Fashion().open().splits["train"].first(count)
    images = np.stack([row["image"] for row in split.inputs()])[..., :channels]
    images = tf.image.resize(images, (side, side)).numpy() / np.float32(255)
    again = np.arange(count) % len(images)
    return images[again], split.labels[again].astype(np.int32)


def _grey(count: int):
    """The same rows as opened data."""
    from tfrun.dataset.fashion import Fashion

    data = Fashion().open()
    whole = data.splits["train"]
    train = replace(whole.take(np.arange(count) % len(whole)), read=lambda row: {"image": whole.read(row)["image"][..., :1]})
    return replace(data, splits={"train": train}, inputs=(replace(data.inputs[0], shape=(None, None, 1)),))


def _figures(marks: list[float], steps: int, losses: list[float]) -> dict[str, float]:
    """marks: when training began and when each epoch was done. The first epoch has tracing and compiling in it."""
    epochs = [1e3 * (after - before) / steps for before, after in pairwise(marks[1:])]
    return {"ms": statistics.median(epochs), "best": min(epochs), "first": marks[1] - marks[0], "loss": float(losses[1])}


WAYS = {
    "tfrun": array_loop,
    "tfrun, whole run": run,
    "tfrun, tf.data stream": stream_loop,
    "one compiled step, same batch": bare,
    "fit, defaults": partial(fit, a_call=1, xla="auto"),
    "fit, an epoch a call": fit,
    "fit, an epoch a call, autotune off": partial(fit, autotune=False),
    "fit, an epoch a call, XLA": partial(fit, xla=True),
    "fit, an epoch a call, XLA, autotune off": partial(fit, xla=True, autotune=False),
    "fit, an epoch a call, XLA, from arrays": partial(fit, xla=True, of="arrays"),
    "fit, 4 steps a call, autotune off": partial(fit, a_call=4, autotune=False),
}
