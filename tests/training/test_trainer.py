"""Training on real pictures with a small module: what changes, what stays, what is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.training.conftest import Trained
from tfrun import RunError, load
from tfrun.experiment import Experiment
from tfrun.training.finetune import Finetune
from tfrun.training.frozen import Frozen
from tfrun.training.frozen_then_finetune import FrozenThenFinetune


def given(small: Experiment, **groups) -> Experiment:
    return small.model_copy(update={"seed": 3, **groups})


def test_frozen_leaves_the_backbone_alone_and_learns(small, fashion, tmp_path):
    done = Trained(given(small, training=Frozen(epochs=30)), fashion, tmp_path)
    assert not any(done.changed)
    losses = [row["train"]["loss"] for row in done.history.rows if row.get("train")]
    assert losses[-1] < losses[0]
    assert done.history.extracted + done.history.reused == 256  # training and validation rows once, not once an epoch


def test_the_kept_weights_are_the_best_on_validation(small, fashion, tmp_path):
    done = Trained(given(small, training=Frozen(epochs=20, keep="best")), fashion, tmp_path)
    best = min(row["validation"]["loss"] for row in done.history.rows)
    assert done.history.best_value == best == pytest.approx(done.validation()["loss"], abs=1e-6)


def test_keep_last_keeps_the_last(small, fashion, tmp_path):
    done = Trained(given(small, training=Frozen(epochs=5, keep="last")), fashion, tmp_path)
    assert done.history.best_value is None
    assert done.validation()["loss"] == pytest.approx(done.history.rows[-1]["validation"]["loss"], abs=1e-6)


def test_unfreezing_changes_weights_and_keeps_statistics_by_default(small, fashion, tmp_path):
    training = Finetune(epochs=2, keep="last", backbone_learning_rate=1.0)
    done = Trained(given(small, training=training), fashion, tmp_path)
    names = [variable.name for variable in done.model.backbone.variables]
    moving = [changed for changed, name in zip(done.changed, names, strict=True) if "moving" in name]
    others = [changed for changed, name in zip(done.changed, names, strict=True) if "moving" not in name]
    assert all(others) and len(others) == 3 and not any(moving)


def test_statistics_are_updated_when_asked(small, fashion, tmp_path):
    done = Trained(given(small, training=Finetune(epochs=1, keep="last", batch_norm="update")), fashion, tmp_path)
    assert all(done.changed)


def test_the_second_phase_cannot_end_below_the_first(small, fashion, tmp_path):
    """With a rate that ruins the weights, the end of the frozen phase is what is left."""
    training = FrozenThenFinetune(frozen_epochs=10, epochs=2, finetune_learning_rate=3.0, backbone_learning_rate=1.0)
    done = Trained(given(small, training=training), fashion, tmp_path)
    frozen = [row["validation"]["loss"] for row in done.history.rows if row["phase"] == "frozen"]
    assert not any(done.changed)
    assert done.validation()["loss"] == pytest.approx(frozen[-1], abs=1e-6)


def test_augmentation_sends_pictures_through_the_backbone_each_epoch(small, fashion, tmp_path):
    from tfrun.augment.light import Light

    done = Trained(given(small, augment=Light(), training=Frozen(epochs=2)), fashion, tmp_path)
    assert done.history.extracted + done.history.reused == 128 and not any(done.changed)  # the validation rows only


def test_the_same_seed_gives_the_same_weights(small, fashion, tmp_path):
    hashes = [
        Trained(given(small, training=Finetune(epochs=1)), fashion, tmp_path / str(number)).model.weights_sha256()
        for number in range(2)
    ]
    assert hashes[0] == hashes[1]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_step(small, fashion, tmp_path):
    from tfrun.optimizer.sgd import Sgd

    with pytest.raises(RunError, match=r"not finite at step \d+; lower it"):
        Trained(
            given(small, optimizer=Sgd(learning_rate=1e38), training=Finetune(epochs=50, backbone_learning_rate=10)),
            fashion,
            tmp_path,
        )


def test_a_module_without_trainable_variables_cannot_be_fine_tuned(signature_only, fashion, tmp_path, small):
    from tfrun.backbone.hub import Hub

    backbone = Hub(handle=str(signature_only), output_key="embedding")
    with pytest.raises(RunError, match="cannot be fine-tuned"):
        Trained(given(small, backbone=backbone, training=Finetune(epochs=1)), fashion, tmp_path)


def test_measurements_are_in_metrics_jsonl_as_they_are_made(small, fashion, tmp_path):
    Trained(given(small, training=Frozen(epochs=3, evaluate_every="50 %")), fashion, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 6, 12]
    assert set(rows[-1]["validation"]) >= {"loss", "accuracy"} and rows[-1]["system"]["process_memory_usage_megabytes"] > 100


def test_phases_of_the_options():
    assert [phase.unfreeze for phase in Frozen().phases()] == [False]
    assert [phase.unfreeze for phase in Finetune().phases()] == [True]
    assert [(phase.name, phase.epochs) for phase in FrozenThenFinetune(frozen_epochs=2, epochs=3).phases()] == [
        ("frozen", 2),
        ("finetune", 3),
    ]
    assert [phase.epochs for phase in FrozenThenFinetune().shortened().phases()] == [1, 1]


def test_weights_do_not_depend_on_steps_a_call(small, fashion, tmp_path):
    hashes = {
        Trained(given(small, training=Frozen(epochs=3, steps_per_call=k)), fashion, tmp_path / str(k)).model.weights_sha256()
        for k in (1, 7, 50)
    }
    assert len(hashes) == 1


def test_load_gives_the_phases_of_the_yaml():
    experiment = load(["+experiment=quickstart", "training=frozen_then_finetune", "training.frozen_epochs=4"])
    assert [phase.keep for phase in experiment.training.phases()] == ["last", "best"]
    assert [phase.epochs for phase in experiment.training.phases()] == [4, 30]
    assert np.isclose(experiment.training.phases()[1].backbone_learning_rate, 0.01)
