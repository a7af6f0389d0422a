"""What the report shows of augmentation is what training gets."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun import run
from tfrun.augment.light import Light
from tfrun.augment.mixup import Mixup
from tfrun.augment.none import NoAugment
from tfrun.model import build
from tfrun.record.augmented import augmented
from tfrun.strategy.one_device import OneDevice
from tfrun.training.stream import input_batches


def pairs(experiment):
    data = experiment.dataset.open()
    model = build(experiment, data, OneDevice().build())
    return augmented(experiment, model, data), model, data


@pytest.mark.parametrize("augment", [Light(), Mixup()])
def test_rows_as_they_are_and_as_training_gets_them(small, augment):
    experiment = small.model_copy(update={"augment": augment})
    shown, model, data = pairs(experiment)
    split = data.splits["train"]
    ids = [str(identity) for identity in split.ids]
    assert len(shown) == 8
    for name, plain, _ in shown:
        (raw,) = split.take(np.array([ids.index(name)])).inputs()
        expected = model.transform({"image": raw["image"][None]})[0].numpy() * 255
        np.testing.assert_allclose(plain, expected, atol=0.51)
    first = next(iter(input_batches(model, split, augment, 8, experiment.seed)))[0].numpy()
    np.testing.assert_allclose(np.stack([changed for *_, changed in shown]), first.clip(0, 1) * 255, atol=0.51)


def test_nothing_is_shown_where_nothing_changes(small):
    assert pairs(small.model_copy(update={"augment": NoAugment()}))[0] == []


def test_the_report_has_both_rows(small, tmp_path):
    result = run(small.model_copy(update={"augment": Light(views=1), "runs": tmp_path}), quiet=True)
    page = (result.directory / "report.html").read_text()
    assert page.count(' as it is">') == 8 == page.count(' augmented">') and "after <code>augment</code>" in page
