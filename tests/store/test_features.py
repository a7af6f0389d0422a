"""A model's features: what the plain function gives, computed once, found again by whoever asks for the same."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfrun import RunError, load
from tfrun.augment.light import Light
from tfrun.backbone.hub import Hub
from tfrun.backbone.none import NoBackbone
from tfrun.model import build
from tfrun.store import FeatureStore, room
from tfrun.transform.batches import transformed
from tfrun.transform.image import Image


@pytest.fixture()
def make(small, fashion, tmp_path):
    """make(**groups) -> (model, data): a new model on the store of this test."""

    def made(warn=pytest.fail, rows=40, **groups):
        given = {"features": FeatureStore(folder=tmp_path / "store"), **groups}
        experiment = small.model_copy(update=given)
        data = fashion.limited(rows)
        return build(experiment, data, experiment.strategy.build(), warn), data

    return made


def truth(model, split) -> np.ndarray:
    batches = transformed(split, model.transform, 16)
    return np.concatenate([model.backbone(inputs, training=False).numpy() for inputs in batches])


@pytest.mark.parametrize("engine", ["auto", "litert", "graph", "plain"])
def test_every_engine_gives_what_the_module_gives(make, tmp_path, engine):
    model, data = make(features=FeatureStore(folder=tmp_path, engine=engine))
    features = model.features(data.splits["train"])
    assert features.engine == ("litert" if engine == "auto" else engine)
    assert features.array().dtype == np.float32
    np.testing.assert_allclose(features.array(), truth(model, data.splits["train"]), atol=1e-4)


def test_a_second_model_computes_nothing_and_loads_nothing(make):
    model, data = make()
    done = []
    first = model.features(data.splits["train"], done.append)
    again, _ = make()
    second = again.features(data.splits["train"])
    assert (first.extracted, second.extracted, second.reused) == (40, 0, 40) and done[-1] == 40
    assert not again.lazy.is_loaded and again.facts == model.facts
    np.testing.assert_array_equal(first.array(), second.array())
    again.predict_from_features(second)
    assert not again.lazy.is_loaded


@pytest.mark.parametrize("content", [b'{"facts": {"han', b"[]", b"\xff\xfe"])
def test_damaged_facts_of_a_backbone_are_told_and_found_anew(make, tmp_path, content):
    model, data = make()
    (path,) = (tmp_path / "store").rglob("about.json")
    path.write_bytes(content)
    warned = []
    again, _ = make(warned.append)
    assert again.lazy.is_loaded and again.facts == model.facts
    (line,) = warned
    assert f"{path} is damaged (" in line and "\n" not in line
    assert not make()[0].lazy.is_loaded


def test_new_rows_are_computed_without_loading_the_module(make):
    model, data = make(rows=20)
    model.features(data.splits["train"])
    grown, data = make(rows=60)
    features = grown.features(data.splits["train"])
    assert features.rows == 60 and 0 < features.extracted < 60 and not grown.lazy.is_loaded
    np.testing.assert_allclose(features.array(), truth(grown, data.splits["train"]), atol=1e-4)


def test_rows_do_not_depend_on_their_neighbours(make, tmp_path):
    for engine in ("litert", "graph", "plain"):
        model, data = make(features=FeatureStore(keep=False, engine=engine))
        split = data.splits["train"]
        whole, some = model.features(split).array(), model.features(split.take(np.array([5, 30]))).array()
        np.testing.assert_array_equal(whole[[5, 30]], some)


def test_a_split_without_digests_is_known_by_its_inputs(make):
    from dataclasses import replace

    model, data = make()
    split = replace(data.splits["train"], digests=None)
    assert model.features(split).extracted == 40
    assert make()[0].features(split.take(np.arange(7))).extracted == 0


def test_what_changes_features_changes_the_key(make, module, tmp_path):
    model, data = make()
    split = data.splits["train"]
    model.features(split)
    loaded = tf.saved_model.load(str(module))
    loaded.variables[0].assign_add(tf.ones_like(loaded.variables[0]))
    other_weights = tmp_path / "other"
    tf.saved_model.save(loaded, str(other_weights))
    changed = [
        {"transform": Image(image_size=28)},
        {"transform": Image(image_size=32, method="nearest")},
        {"backbone": Hub(handle=str(module), value_range=(-1, 1))},
        {"backbone": Hub(handle=str(other_weights))},
        {"backbone": NoBackbone()},
    ]
    for groups in changed:
        assert make(**groups)[0].features(split).extracted == 40, groups
    assert make()[0].features(split).extracted == 0


def test_a_copy_of_the_module_shares_its_features_under_its_own_name(make, module, tmp_path):
    model, data = make()
    model.features(data.splits["train"])
    copy = Hub(handle=str(shutil.copytree(module, tmp_path / "copy")), licence="MIT")
    moved, _ = make(backbone=copy)
    assert moved.features(data.splits["train"]).extracted == 0
    assert (moved.facts.handle, moved.facts.licence) == (str(tmp_path / "copy"), "MIT")
    assert moved.facts.sha256 == model.facts.sha256


def test_views_are_a_function_of_seed_view_and_row(make):
    model, data = make()
    split, augment = data.splits["train"], Light(views=2)
    plain, first, second = (model.features(split, view=view, augment=augment, seed=3).array() for view in (0, 1, 2))
    assert np.abs(first - plain).max() > 1e-3 and np.abs(first - second).max() > 1e-3
    more = model.features(split, view=1, augment=Light(views=5), seed=3)
    assert more.extracted == 0
    assert model.features(split, view=1, augment=augment, seed=4).extracted == 40
    alone = make(features=FeatureStore(keep=False))[0].features(split.take(np.array([11])), view=1, augment=augment, seed=3)
    np.testing.assert_array_equal(alone.array()[0], first[11])
    with pytest.raises(ValueError, match="give augment"):
        model.features(split, view=1)


def test_a_trained_backbone_is_used_as_it_is_and_nothing_is_kept(make):
    model, data = make()
    before = model.features(data.splits["train"]).array()
    model.backbone.variables[0].assign_add(0.5 * np.ones_like(model.backbone.variables[0].numpy()))
    after = model.features(data.splits["train"])
    assert after.extracted == 40 and np.abs(after.array() - before).max() > 1e-3
    np.testing.assert_array_equal(make()[0].features(data.splits["train"]).array(), before)


def test_a_damaged_converted_file_is_converted_anew(make, tmp_path):
    model, data = make()
    model.features(data.splits["train"].first(10))
    (file,) = tmp_path.rglob("litert.tflite")
    file.write_bytes(file.read_bytes()[:-5])
    again, data = make()
    features = again.features(data.splits["train"])
    assert features.engine == "litert" and features.extracted == 30
    assert file.stat().st_size == len(again.lazy.record.converted())


def test_a_wish_that_cannot_be_had_is_one_line(make, tmp_path):
    """A look-up table has no constant to stand for it, and no place in a plain LiteRT file."""

    class Table(tf.Module):
        def __init__(self):
            super().__init__()
            values = tf.lookup.KeyValueTensorInitializer(tf.constant(["0", "1"]), tf.constant([1.0, 2.0]))
            self.table = tf.lookup.StaticHashTable(values, 3.0)
            self.kernel = tf.Variable(tf.ones([3, 4]))

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
        def __call__(self, images):
            mean = tf.reduce_mean(images, [1, 2])
            return mean @ self.kernel * self.table.lookup(tf.strings.as_string(tf.cast(mean[:, :1] > 0.2, tf.int32)))

    tf.saved_model.save(Table(), str(tmp_path / "table"))
    backbone = Hub(handle=str(tmp_path / "table"))
    model, data = make(backbone=backbone, features=FeatureStore(folder=tmp_path / "store", engine="litert"))
    with pytest.raises(RunError, match=r"features\.engine = litert: cannot run this backbone") as caught:
        model.features(data.splits["train"])
    assert "\n" not in str(caught.value)
    automatic, _ = make(backbone=backbone)
    features = automatic.features(data.splits["train"])
    assert features.engine in ("graph", "plain")
    np.testing.assert_allclose(features.array(), truth(automatic, data.splits["train"]), atol=1e-4)


def test_the_limit_holds_and_spares_what_is_in_use(make, tmp_path):
    store = FeatureStore(folder=tmp_path / "store", limit="1 kB")
    model, data = make(features=store)
    features = model.features(data.splits["train"])
    assert len(room.items(store.path)) == 1 and features.array().shape == (40, 8)
    del features
    model.features(data.splits["validation"])
    assert len(room.items(store.path)) == 1


def test_a_store_that_cannot_be_written_warns_and_goes_on(make, tmp_path):
    (tmp_path / "file").write_text("")
    warnings: list[str] = []
    model, data = make(warn=warnings.append, features=FeatureStore(folder=tmp_path / "file" / "store"))
    assert model.features(data.splits["train"]).extracted == 40
    assert len(warnings) == 2 and all("cannot be written" in text for text in warnings)


DEVICES = """
import sys
import numpy as np
from tfrun import load
from tfrun.model import build
experiment = load(sys.argv[2:])
strategy = experiment.strategy.build()
data = experiment.dataset.open().limited(40)
model = build(experiment, data, strategy)
features = model.features(data.splits["train"])
np.savez(sys.argv[1], features=features.array(), engine=features.engine)
"""


def test_under_two_devices_features_are_the_same(make, module, tmp_path):
    """In a process of its own: devices are fixed once TensorFlow has started."""
    overrides = ["+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32"]
    overrides += ["strategy=mirrored", "strategy.devices=2", f"features.folder={tmp_path / 'two'}", "features.engine=litert"]
    subprocess.run([sys.executable, "-c", DEVICES, str(tmp_path / "two.npz"), *overrides], check=True)
    model, data = make(features=FeatureStore(keep=False))
    with np.load(tmp_path / "two.npz") as two:
        assert two["engine"] == "litert"
        np.testing.assert_allclose(two["features"], model.features(data.splits["train"]).array(), atol=1e-4)


def test_the_keys_are_there_from_the_command_line():
    experiment = load(["+experiment=quickstart", "features.limit=1GB", "features.engine=plain"])
    assert experiment.features.limit_bytes == 10**9 and experiment.features.engine == "plain"
