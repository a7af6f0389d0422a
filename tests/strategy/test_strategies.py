"""Two logical CPU devices give the weights that one device gives."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tfrun import RunError
from tfrun.strategy.mirrored import Mirrored
from tfrun.strategy.one_device import OneDevice

CODE = """
import sys, numpy as np
import tfrun.training.trainer as trainer
from tfrun import load, run
kept, train = {}, trainer.train
def keeping(experiment, model, *rest):
    history = train(experiment, model, *rest)
    kept["weights"] = np.concatenate([v.numpy().ravel() for v in model.variables])
    return history
trainer.train = keeping
run(load(sys.argv[2:]), quiet=True)
np.save(sys.argv[1], kept["weights"])
"""


def weights(folder, name, module, *overrides) -> np.ndarray:
    common = [
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "gate=none",
        "tracking=none", "export=[saved_model]", "training.batch_size=16", "training.keep=last", "optimizer=sgd",
    ]  # fmt: skip
    command = [sys.executable, "-c", CODE, str(folder / f"{name}.npy"), *common, f"name={name}", *overrides]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    (result,) = folder.glob(f"runs/{name}/*/result.json")
    assert json.loads(result.read_text())["verdict"]["blessed"]  # the SavedModel answers as the trained model does
    return np.load(folder / f"{name}.npy")


def test_two_devices_train_the_weights_of_one(tmp_path, module):
    finetune = ("training=finetune", "training.backbone_learning_rate=1.0")
    one = weights(tmp_path, "one", module, *finetune)
    two = weights(tmp_path, "two", module, *finetune, "strategy=mirrored", "strategy.devices=2")
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_device_that_is_not_there_is_one_line():
    with pytest.raises(RunError, match="strategy.device = /GPU:7: this machine has no such device"):
        OneDevice(device="/GPU:7").build()


def test_no_gpu_and_no_number_of_devices_says_what_to_set():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(RunError, match="strategy.devices=2"):
        Mirrored().build()


def test_more_cpu_devices_after_tensorflow_has_started_is_one_line():
    import tensorflow as tf

    tf.config.list_logical_devices("CPU")
    with pytest.raises(RunError, match="start this run in a process of its own"):
        Mirrored(devices=64).build()


@pytest.mark.parametrize("wrong", [{"devices": 0}, {"devices": 65}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValueError):
        Mirrored(**wrong)


def test_a_device_name_without_sense_is_refused():
    with pytest.raises(ValueError):
        OneDevice(device="cpu")
