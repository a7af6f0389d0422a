"""Shared by all tests: real pictures, small real modules, one whole quickstart run."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.started import Started
from tests.warm import warm

ROOT = Path(__file__).resolve().parent.parent
TUXPAINT = ROOT.parent / "shared" / "assets" / "datasets" / "tuxpaint"  # GPL: not part of the project

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
_cache = tempfile.TemporaryDirectory(prefix="tfrun-tests-")  # never the feature store of whoever runs the tests
os.environ["TFRUN_CACHE"] = _cache.name


@dataclass(frozen=True)
class Finished:
    """What a command left: exit code, both outputs, and where it ran."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def directory(self) -> Path:
        """The run directory of its only run."""
        (config,) = self.folder.glob("runs/*/*/config.yaml")
        return config.parent

    @property
    def result(self) -> dict:
        return json.loads((self.directory / "result.json").read_text())


def tfrun(folder: Path, *arguments: str, timeout: float = 400, fresh: bool = False, **environment: str) -> Finished:
    """`python -m tfrun …` as a user types it, standing in `folder`. fresh, environment: in a process of its own; else see tests/warm.py."""
    if not (fresh or environment):
        return Finished(*warm().run([str(one) for one in arguments], folder, timeout), folder)
    with Started(folder, *arguments, **environment) as process:
        return Finished(*process.ended(timeout), folder)


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory) -> Finished:
    """The whole quickstart, from the command line, once for all tests."""
    return tfrun(tmp_path_factory.mktemp("quickstart"), "+experiment=quickstart", fresh=True)


@pytest.fixture(scope="session")
def fashion():
    """The opened sample, in this process."""
    from tfrun.dataset.fashion import Fashion

    return Fashion().open()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """72 real product photos as PNG files in three class folders."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    with np.load(ROOT / "tfrun/samples/fashion/fashion.npz") as stored:
        images, labels, names = stored["images"], stored["labels"], stored["names"]
    for number, name in enumerate(("bag", "sandal", "trouser")):
        (folder / name).mkdir()
        for index in np.flatnonzero(names[labels] == name)[:24]:
            Image.fromarray(images[index]).save(folder / name / f"{number}_{index}.png")
    return folder


@pytest.fixture(scope="session")
def sounds(tmp_path_factory) -> Path:
    """Four classes of made sounds, 24 each, from six devices."""
    from tests.sounds import folder_of_sounds

    return folder_of_sounds(tmp_path_factory.mktemp("sounds") / "all")


@pytest.fixture(scope="session")
def texts(tmp_path_factory) -> Path:
    """Two classes of ten texts."""
    folder = tmp_path_factory.mktemp("texts")
    for label, words in (("good", "fine wonderful großartig 素晴らしい"), ("bad", "awful dreadful schrecklich ひどい")):
        (folder / label).mkdir()
        for number in range(10):
            (folder / label / f"{number}.txt").write_text(f"{words.split()[number % 4]} film {number}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def own_data(pictures, sounds) -> Callable[[str], list[str]]:
    """What a shipped experiment has to be told that brings no data of its own."""
    folders = {"image_folder": pictures, "audio_folder": sounds}

    def overrides(name: str) -> list[str]:
        text = (ROOT / f"experiments/{name}.yaml").read_text()
        return [f"dataset.directory={folder}" for kind, folder in folders.items() if f"override /dataset: {kind}" in text]

    return overrides


@pytest.fixture(scope="session")
def module(tmp_path_factory) -> Path:
    """A reusable TF2 SavedModel like those of TF Hub: convolution, batch normalisation, a regularisation loss."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    inputs = keras.Input((None, None, 3))
    hidden = keras.layers.Conv2D(8, 3, strides=2, use_bias=False)(inputs)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.5)(hidden))
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(hidden))

    @tf.function
    def call(images, training=False):
        return network(images, training=training)

    for training in (False, True):
        call.get_concrete_function(tf.TensorSpec([None, None, None, 3], tf.float32), training=training)
    root = tf.train.Checkpoint()
    root.__call__ = call
    root.variables = [variable.value for variable in network.variables]
    root.trainable_variables = [variable.value for variable in network.trainable_variables]
    kernel = root.trainable_variables[0]
    root.regularization_losses = [tf.function(lambda: 1e-3 * tf.nn.l2_loss(kernel), input_signature=[])]
    saved = tmp_path_factory.mktemp("module") / "small"
    tf.saved_model.save(root, str(saved))
    return saved


@pytest.fixture(scope="session")
def signature_only(tmp_path_factory) -> Path:
    """A SavedModel that can only be called by its signature, with a fixed picture size of 32 x 32."""
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.random.stateless_normal([3, 16], [1, 2]))

        @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.float32, name="images")])
        def features(self, images):
            return {"embedding": tf.reduce_mean(images, [1, 2]) @ self.kernel, "size": tf.shape(images)}

    saved = tmp_path_factory.mktemp("module") / "signature_only"
    built = Module()
    tf.saved_model.save(built, str(saved), signatures={"serving_default": built.features.get_concrete_function()})
    return saved


@pytest.fixture(scope="session")
def swept(module, tmp_path_factory) -> Finished:
    """A sweep from the command line, to its end, with a tracking server that is away: trial 0 is done and exported, 1 pruned, 2 failed."""
    return tfrun(
        tmp_path_factory.mktemp("swept"), "-m", "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}",
        "transform.image_size=32", "export=[saved_model]", "gate=none", "tracking.uri=http://127.0.0.1:9", "training.epochs=100",
        "sweep.prune.method=median", "sweep.prune.trials=1", "sweep.workers=1", "optimizer.learning_rate=0.01,1e-6,1e30",
    )  # fmt: skip


@pytest.fixture()
def small(module):
    """An experiment of seconds: 64 rows a split, a small module, one epoch, no tracking, nothing exported."""
    from tfrun import load

    return load([
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "gate=none", "export=[]", "tracking=none",
    ])  # fmt: skip
