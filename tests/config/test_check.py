"""Rules that span components."""

import pytest

from tfrun import check, load


def told(*overrides: str) -> list[str]:
    return [str(problem) for problem in check(load(["+experiment=quickstart", *overrides]))]


@pytest.mark.parametrize(
    ("overrides", "key", "hint"),
    [
        (["dataset.split.validation=0.6", "dataset.split.test=0.5"], "dataset.split.validation", "less than 1"),
        (["training=finetune", "backbone.trainable=false"], "backbone.trainable", "training=frozen"),
        (["training=finetune", "backbone.signature=serving_default"], "backbone.signature", "training=frozen"),
        (["training=finetune", "backbone=none"], "backbone", "training=frozen"),
        (["backbone.trainable=true"], "backbone.trainable", "training=finetune"),
        (["training.monitor=acuracy"], "training.monitor", "did you mean 'accuracy'?"),
        (["dataset.split.validation=0", "training.keep=best"], "training.keep", "training.keep=last"),
        (["evaluation.slices=[orign]"], "evaluation.slices", "did you mean 'origin'?"),
        (["dataset=flights", "transform=auto"], "backbone", "use backbone=none"),
        (["head=wide_and_deep"], "head", "use backbone=none, or head=mlp"),
        (["dataset.split.time=orign"], "dataset.split.time", "did you mean 'origin'?"),
        (["dataset.split.values={train: {orign: [a]}}"], "dataset.split.values", "did you mean 'origin'?"),
        (["evaluation.primary=loss"], "evaluation.primary", "leave it null"),
        (["strategy=mirrored", "strategy.devices=3"], "training.batch_size", "use 30"),
        (["+gate.metrics.auc=0.9"], "gate.metrics.auc", "evaluation.metrics"),
    ],
)
def test_a_broken_rule_names_the_key_and_the_way_out(overrides, key, hint):
    (line,) = told(*overrides)
    assert line.startswith(key) and hint in line


def test_all_rules_are_told_at_once():
    assert (
        len(
            told(
                "training=finetune", "backbone.trainable=false", "training.monitor=x", "strategy=mirrored", "strategy.devices=5"
            )
        )
        == 3
    )


def test_the_shipped_experiment_has_no_problem():
    assert told() == []
