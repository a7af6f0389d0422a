"""What is advised of a probe's score and the number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from tfrun.advise.advice import Assessed, advised
from tfrun.advise.probe import Probe


def assessed(score: float, trainable: bool = True, name: str = "as it is", own: bool = True) -> Assessed:
    curve = [(100, score - 0.1), (200, score), (400, score)]
    probe = Probe(score, 1.0, 0.003, curve, np.zeros(4, int), np.zeros((4, 2), np.float32))
    return Assessed(name, (), "module", 64, probe, [score - 0.02, score + 0.02], 0.5, 0.5, trainable, own)


@pytest.mark.parametrize(
    ("rows", "score", "trainable", "training", "why"),
    [
        (
            1600,
            0.85,
            True,
            "finetune",
            "1,600 training rows are enough to fine-tune with, and the probe is 0.150 short of a perfect accuracy",
        ),
        (600, 0.85, True, "frozen", "600 training rows are few to fine-tune with"),
        (1600, 0.96, True, "frozen", "what fine-tuning may take away of that, 0.0016, is not worth its time"),
        (1600, 0.85, False, "frozen", "the backbone has no weights that could be trained"),
    ],
)
def test_a_backbone_is_trained_where_rows_and_room_allow_it(rows, score, trainable, training, why):
    advice = advised([assessed(score, trainable)], "accuracy", rows)
    assert advice.overrides == [f"training={training}"] and any(why in reason for reason in advice.reasons)
    assert advice.gain == pytest.approx(0.006 if training == "finetune" else 0)


def test_of_a_metric_without_a_known_best_value_no_gain_is_told():
    advice = advised([assessed(-0.4)], "negative_loss", 1600, perfect=None)
    assert advice.overrides == ["training=finetune"] and advice.gain == 0 and "short of" not in " ".join(advice.reasons)


def test_the_gain_is_that_of_backbone_and_training_together():
    better, own = assessed(0.85, name="backbone=other", own=False), assessed(0.75)
    assert advised([better, own], "accuracy", 1600).gain == pytest.approx(0.1 + 0.006)
