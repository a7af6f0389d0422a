"""Each option of training does what its name says, on real pictures with a small module."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrun import RunError, check
from tfrun.augment.cutmix import CutMix
from tfrun.augment.light import Light
from tfrun.augment.mixup import Mixup
from tfrun.augment.none import NoAugment
from tfrun.head.linear import Linear
from tfrun.head.mlp import Mlp
from tfrun.optimizer import Optimizer
from tfrun.optimizer.adam import Adam
from tfrun.optimizer.sgd import Sgd
from tfrun.training import Group
from tfrun.training.finetune import Finetune
from tfrun.training.frozen import Frozen
from tfrun.training.frozen_then_finetune import FrozenThenFinetune
from tfrun.training.loss import Batch, CrossEntropy

LOGITS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
LABELS = np.array([0, 1, 2, 3, 1, 1], "int32")
ONES = np.ones(6, "float32")


def test_smoothing_is_that_of_keras():
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2, reduction="none")
    expected = theirs(np.eye(4)[LABELS], LOGITS)
    np.testing.assert_allclose(CrossEntropy(smoothing=0.2)(Batch(LOGITS, LABELS, ONES), LOGITS), expected, rtol=1e-5)


def test_focal_loss_is_that_of_keras():
    theirs = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0, from_logits=True, reduction="none")
    expected = theirs(np.eye(4)[LABELS], LOGITS)
    np.testing.assert_allclose(CrossEntropy(gamma=2.0)(Batch(LOGITS, LABELS, ONES), LOGITS), expected, rtol=1e-4)


def test_mixed_labels_cost_what_both_cost_by_their_shares():
    share, partners = np.linspace(0, 1, 6).astype("float32"), LABELS[::-1].copy()
    mixed = CrossEntropy()(Batch(LOGITS, LABELS, ONES, partners, share), LOGITS)
    own, other = (CrossEntropy()(Batch(LOGITS, labels, ONES), LOGITS) for labels in (LABELS, partners))
    np.testing.assert_allclose(mixed, share * own + (1 - share) * other, rtol=1e-5)


def test_parts_of_a_batch_give_the_step_of_the_whole(training):
    whole = training("whole", training=Finetune(epochs=1, keep="last"), optimizer=Sgd())
    parts = training("parts", training=Finetune(epochs=1, keep="last", gradient_accumulation=4), optimizer=Sgd())
    np.testing.assert_allclose(whole.weights, parts.weights, atol=1e-6)


def test_parts_do_not_change_what_dropout_drops(training):
    options = {"head": Mlp(units=[16], dropout=0.5), "optimizer": Sgd()}
    whole = training("whole", training=Frozen(epochs=2), **options)
    parts = training("parts", training=Frozen(epochs=2, gradient_accumulation=2), **options)
    none = training("none", training=Frozen(epochs=2), head=Mlp(units=[16]), optimizer=Sgd())
    np.testing.assert_allclose(whole.weights, parts.weights, atol=1e-6)
    assert np.abs(whole.weights - none.weights).max() > 1e-4


def test_clipping_bounds_the_step(training):
    options = {"optimizer": Sgd(learning_rate=1.0, momentum=0.0)}
    done = training("a", rows=32, training=Frozen(epochs=1, clip_norm=0.001, evaluate_every="100 %"), **options)
    free = training("b", rows=32, training=Frozen(epochs=1, evaluate_every="100 %"), **options)
    start = training("c", rows=32, training=Frozen(epochs=1), optimizer=Sgd(learning_rate=1e-12))
    assert np.linalg.norm(done.weights - start.weights) == pytest.approx(0.001, rel=0.01)
    assert np.linalg.norm(free.weights - start.weights) > 0.01


def test_weights_are_measured_and_kept_as_moving_averages(training):
    averaged = training("a", training=Frozen(epochs=3, ema_decay=0.9))
    plain = training("b", training=Frozen(epochs=3))
    assert np.abs(averaged.weights - plain.weights).max() > 1e-4
    assert averaged.validation()["loss"] == pytest.approx(averaged.history.rows[-1]["validation"]["loss"], abs=1e-5)


def test_a_moving_average_is_that_of_its_formula(training):
    """One step: decay min(0.9, 1/10), so nine tenths of the way to the new weights."""
    start = training("a", rows=32, training=Frozen(epochs=1), optimizer=Sgd(learning_rate=1e-12)).weights
    plain = training("b", rows=32, training=Frozen(epochs=1), optimizer=Sgd()).weights
    averaged = training("c", rows=32, training=Frozen(epochs=1, ema_decay=0.9), optimizer=Sgd()).weights
    np.testing.assert_allclose(averaged - start, 0.9 * (plain - start), atol=1e-6)


def test_a_class_that_weighs_more_is_found_more_often(training):
    weights = {"bag": 50.0}
    heavy = training("a", training=Frozen(epochs=5, class_weights=weights))
    plain = training("b", training=Frozen(epochs=5))
    number = heavy.data.classes.index("bag")

    def bags(done):
        return int((done.model.predict(done.data.splits["test"]).argmax(axis=1) == number).sum())

    assert bags(heavy) > bags(plain)


def test_balanced_weights_are_those_of_scikit_learn(training):
    from sklearn.utils.class_weight import compute_sample_weight

    from tfrun.training.feed import _class_weights

    labels = np.array([0, 0, 0, 1, 2, 2])
    np.testing.assert_allclose(_class_weights("balanced", labels, ("a", "b", "c")), compute_sample_weight("balanced", labels))


def test_a_class_that_is_none_is_one_line(training):
    with pytest.raises(RunError, match=r"training.class_weights.bog: is no class of the data; did you mean 'bag'\?"):
        training(training=Frozen(epochs=1, class_weights={"bog": 2.0}))


def test_rows_without_weight_teach_nothing(training, fashion, monkeypatch):
    from dataclasses import replace

    def weighed(split):
        return replace(split, columns={"weight": np.where(split.labels < 5, "1", "0")})

    column = type(fashion).limited
    monkeypatch.setattr(type(fashion), "limited", lambda self, rows: replace(
        column(self, rows), splits={n: weighed(s) for n, s in column(self, rows).splits.items()}
    ))  # fmt: skip
    done = training(training=Frozen(epochs=10, sample_weights="weight"))
    found = done.model.predict(done.data.splits["test"]).argmax(axis=1)
    assert (found < 5).all()
    with pytest.raises(RunError, match=r"training.sample_weights = wait: is no column of the data; did you mean 'weight'\?"):
        training("b", training=Frozen(epochs=1, sample_weights="wait"))


def test_a_phase_ends_when_nothing_gets_better(training):
    done = training(training=Frozen(epochs=500, early_stopping="3 epochs", keep="best"), optimizer=Adam(learning_rate=0.3))
    assert done.history.steps < 500 * 4 and done.history.steps == done.history.best_step + 3 * 4


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns_what_float32_learns_and_is_measured_in_float32(training, precision):
    mixed = training("a", training=Frozen(epochs=10, precision=precision), head=Mlp(units=[32]))
    plain = training("b", training=Frozen(epochs=10), head=Mlp(units=[32]))
    difference = np.abs(mixed.weights - plain.weights).max()
    assert 1e-5 < difference < 0.05
    assert all(variable.dtype == "float32" for variable in mixed.model.variables)
    assert all(layer.compute_dtype == "float32" for layer in mixed.model.head.layers)


def test_float16_leaves_a_step_out_whose_gradients_overflow():
    from tfrun.training.precision import LossScale

    scale = LossScale()
    before = float(scale.factor)
    scale.update(tf.constant(False))
    assert float(scale.factor) == before / 2
    for _ in range(2000):
        scale.update(tf.constant(True))
    assert float(scale.factor) == before and float(scale.sound_steps) == 0


def test_groups_have_their_own_pace_and_unfreeze_time(training):
    groups = {
        "kernels": Group(pattern="backbone/.*conv", unfreeze="50 %"),
        "rest": Group(pattern="backbone/", learning_rate=0.0),
    }
    settings = {"keep": "last", "backbone_learning_rate": 1.0, "groups": groups}
    short = training("short", training=Finetune(epochs=1, **settings), optimizer=Sgd())
    names = [variable.name for variable in short.model.backbone.variables]
    moved = dict(zip(names, short.changed, strict=True))
    assert [name for name in moved if moved[name]] == [name for name in names if "conv" in name]
    late = Group(pattern="backbone/", unfreeze="100 %")
    never = training("never", training=Finetune(**{**settings, "epochs": 1, "groups": {"late": late}}), optimizer=Sgd())
    assert not any(never.changed)


def test_a_pattern_that_fits_nothing_is_one_line_that_names_variables(training):
    with pytest.raises(
        RunError, match=r"training.groups.stem.pattern = stem: fits no variable that is trained; the variables are"
    ):
        training(training=Finetune(epochs=1, groups={"stem": Group(pattern="stem")}))


def test_views_train_on_stored_copies(training):
    done = training("a", training=Frozen(epochs=2), augment=Light(views=2))
    again = training("b", training=Frozen(epochs=4), augment=Light(views=2), optimizer=Adam(learning_rate=0.01))
    assert done.history.extracted + done.history.reused == 3 * 128  # two views of the training rows, and the validation rows
    assert again.history.extracted == 0
    plain = training("c", training=Frozen(epochs=2))
    assert np.abs(done.weights - plain.weights).max() > 1e-5


@pytest.mark.parametrize("augment", [Mixup(), Mixup(views=2), CutMix()], ids=["mixup", "mixup-views", "cutmix"])
def test_mixed_rows_train(training, augment):
    done = training(training=Frozen(epochs=6), augment=augment, optimizer=Adam(learning_rate=0.03))
    losses = [row["train"]["loss"] for row in done.history.rows if "train" in row]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


class KerasNadam(Optimizer):
    """An optimizer of the user's own: what Keras has, by its name."""

    def build(self, learning_rate):
        return keras.optimizers.Nadam(learning_rate)


def test_an_optimizer_of_ones_own_is_a_keras_optimizer(training, small):
    done = training("a", training=Frozen(epochs=5), optimizer=KerasNadam(learning_rate=0.01))
    losses = [row["train"]["loss"] for row in done.history.rows if "train" in row]
    assert losses[-1] < losses[0]
    problems = check(small.model_copy(update={"training": Finetune(), "optimizer": KerasNadam()}))
    assert "set training.backbone_learning_rate=1" in str(problems[0])


def test_xla_learns_the_same(training):
    plain = training("a", training=Frozen(epochs=3, xla=False), head=Mlp(units=[16], dropout=0.3))
    compiled = training("b", training=Frozen(epochs=3, xla=True), head=Mlp(units=[16], dropout=0.3))
    np.testing.assert_allclose(plain.weights, compiled.weights, atol=1e-4)
    assert list(compiled.history.xla.values()) == [True]


def test_a_long_training_times_both_and_goes_on_as_if_it_had_not(training, tmp_path, monkeypatch):
    from tfrun.training import xla

    monkeypatch.setattr(xla, "_WORTH", 0.0)
    timed = training("a", training=Frozen(epochs=3))
    (choice,) = timed.history.xla.values()
    forced = training("b", training=Frozen(epochs=3, xla=choice))
    assert (timed.weights == forced.weights).all()
    assert "ms a step with it" in (tmp_path / "a/log.txt").read_text()


def test_the_loss_is_a_number_again_after_a_rollback(training, tmp_path):
    wild = Sgd(learning_rate=3e38, momentum=0.0)
    with pytest.raises(RunError, match=r"after 5 rollbacks"):
        training("a", training=Frozen(epochs=2, on_nan="rollback"), optimizer=wild)
    assert "with 0.5 times the learning rate" in (tmp_path / "a/log.txt").read_text()


def test_measurements_name_phase_and_seconds(training, tmp_path):
    training("a", training=FrozenThenFinetune(frozen_epochs=1, epochs=1))
    rows = [json.loads(line) for line in (tmp_path / "a/metrics.jsonl").read_text().splitlines()]
    assert [row["phase"] for row in rows] == ["frozen", "frozen", "finetune", "finetune"]


@pytest.mark.parametrize("name", ["features", "pictures"])
def test_a_profile_says_what_bounds_the_speed_and_changes_nothing(training, tmp_path, name):
    augment = {} if name == "features" else {"augment": Light()}
    profiled = training("a", training=Frozen(epochs=2, profile=True), **augment)
    plain = training("b", training=Frozen(epochs=2), **augment)
    (found,) = profiled.history.profiles.values()
    assert (profiled.weights == plain.weights).all()
    assert found["bound_by"] in ("input", "host", "compute") and f"bound by {found['bound_by']}" in found["verdict"]
    assert found["whole"] >= found["compute"] > 0 and found["input"] > 0
    assert list((tmp_path / "a/profile").rglob("*.xplane.pb"))


@pytest.mark.parametrize("augment", [NoAugment(), Mixup(views=2)], ids=["plain", "mixup-views"])
def test_features_larger_than_memory_train_the_same_weights_from_disk(training, monkeypatch, augment):
    from tfrun.training import feed

    held = training("a", training=Frozen(epochs=3), augment=augment)
    monkeypatch.setattr(feed, "_MEMORY", 0.0)
    monkeypatch.setattr(feed, "_CHUNK_BYTES", 5000)
    from_disk = training("b", training=Frozen(epochs=3), augment=augment)
    assert (held.weights == from_disk.weights).all()


class UnitHead(Linear):
    """Each class has a direction of length 1."""

    def build(self, feature_shape, classes, seed):
        constraint = keras.constraints.UnitNorm(axis=0)
        layers = [keras.Input(feature_shape), keras.layers.Dense(classes, use_bias=False, kernel_constraint=constraint)]
        return keras.Sequential(layers, name="head")


def test_constraints_of_layers_hold(training):
    done = training(training=Frozen(epochs=3), head=UnitHead())
    (kernel,) = done.model.head.trainable_variables
    np.testing.assert_allclose(np.linalg.norm(kernel.numpy(), axis=0), 1.0, atol=1e-5)
