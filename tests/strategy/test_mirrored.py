"""Two logical CPU devices give the weights that one device gives."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tfrun import RunError
from tfrun.strategy.mirrored import Mirrored
from tfrun.strategy.one_device import OneDevice


@pytest.fixture(scope="module")
def pairs(module) -> dict[str, dict[str, float]]:
    """Several runs of other shapes, one after the other in one process: they do not collide either."""
    command = [sys.executable, "-m", "tests.strategy.pairs", str(module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("case", "most"),
    [("frozen", 1e-5), ("pictures", 1e-5), ("finetune", 1e-5), ("mixed_float16", 1e-4), ("mixed_bfloat16", 5e-3)],
)
def test_two_devices_train_the_weights_of_one(pairs, case, most):
    assert pairs[case]["moved"] > 10 * pairs[case]["difference"]
    assert pairs[case]["difference"] < most


def test_a_device_that_is_not_there_is_one_line():
    with pytest.raises(RunError, match=r"strategy.device = /GPU:7: this machine has no such device"):
        OneDevice(device="/GPU:7").build()


def test_no_gpu_and_no_number_of_devices_says_what_to_set():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(RunError, match=r"strategy.devices=2"):
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
