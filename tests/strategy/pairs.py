"""`python -m tests.strategy.pairs MODULE`: trains each case on one device and on two logical CPU devices, one after the other.

Prints a JSON line with the largest difference between the weights, and how far training moved them. Not a test by itself:
the devices have to be made before TensorFlow starts, so it takes a process of its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

FINETUNE = ("training=finetune", "training.backbone_learning_rate=1.0")
CASES = {
    "frozen": (
        "training.clip_norm=0.1", "training.ema_decay=0.9", "training.gradient_accumulation=2", "training.class_weights=balanced",
        "training.label_smoothing=0.1", "head=mlp", "head.units=[16]", "head.dropout=0.3", "augment=mixup", "augment.views=2",
    ),
    "pictures": ("augment=cutmix", "optimizer=adam", "optimizer.learning_rate=0.001"),
    "finetune": (
        *FINETUNE, "training.focal_gamma=2", "training.ema_decay=0.9", "training.groups.late.pattern=kernel",
        "training.groups.late.unfreeze=3 steps", "augment=light", "training.gradient_accumulation=4",
    ),
    "mixed_bfloat16": ("training.precision=mixed_bfloat16", "optimizer.learning_rate=0.1"),
    "mixed_float16": ("training.precision=mixed_float16", "optimizer.learning_rate=0.1"),
}  # fmt: skip


def trained(module: str, overrides, strategy, data):
    import keras
    import numpy as np

    from tfrun import load
    from tfrun.model import build
    from tfrun.record import Record
    from tfrun.record.console import Console
    from tfrun.training.trainer import train

    common = [
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "seed=3",
        "training.batch_size=16", "training.keep=last", "training.epochs=2", "optimizer=sgd", "optimizer.learning_rate=0.5",
    ]  # fmt: skip
    experiment = load([*common, *overrides]).model_copy(update={"strategy": strategy})
    keras.utils.set_random_seed(3)
    tensorflow_strategy = strategy.build()
    record = Record.open(experiment, Path(tempfile.mkdtemp()) / "run", Console(quiet=True))
    model = build(experiment, data, tensorflow_strategy)
    before = [variable.numpy() for variable in model.variables]
    train(experiment, model, data, tensorflow_strategy, record)
    record.close()
    after = [variable.numpy() for variable in model.variables]
    moved = max(float(np.abs(new - old).max()) for new, old in zip(after, before, strict=True))
    return np.concatenate([value.ravel() for value in after]), moved


def main(module: str) -> None:
    import numpy as np
    import tensorflow as tf

    from tfrun.dataset.fashion import Fashion
    from tfrun.strategy.mirrored import Mirrored
    from tfrun.strategy.one_device import OneDevice

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    data = Fashion().open().limited(64)
    answers = {}
    for name, overrides in CASES.items():
        one, moved = trained(module, overrides, OneDevice(device="/CPU:0"), data)
        two, _ = trained(module, overrides, Mirrored(devices=2), data)
        answers[name] = {"difference": float(np.abs(one - two).max()), "moved": moved}
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
