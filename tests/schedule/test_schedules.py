import numpy as np
import pytest

from tfrun.duration import steps
from tfrun.schedule.constant import Constant
from tfrun.schedule.cosine import Cosine
from tfrun.schedule.step import Step


def rates(schedule, total=100):
    def resolve(text):
        return steps(text, total=total, examples=320, batch_size=32)

    built = schedule.build(2.0, total, resolve)
    return np.array([float(built(step)) for step in range(total)])


def test_constant_stays():
    assert (rates(Constant()) == 2.0).all()


def test_cosine_falls_from_the_peak_to_its_end():
    seen = rates(Cosine(end=0.1))
    assert (
        seen[0] == 2.0 and seen[50] == pytest.approx(2 * (0.1 + 0.9 / 2), abs=0.01) and seen[-1] == pytest.approx(0.2, abs=0.01)
    )
    assert (np.diff(seen) < 0).all()


def test_step_falls_at_each_duration():
    seen = rates(Step(every="2 epochs", by=0.5))
    assert seen[[0, 19, 20, 40]].tolist() == [2.0, 2.0, 1.0, 0.5]


@pytest.mark.parametrize("warmup", ["10 steps", "1 epochs", "320 examples", "10 %"])
def test_warmup_rises_in_any_unit(warmup):
    seen = rates(Cosine(warmup=warmup))
    np.testing.assert_allclose(seen[:10], 2.0 * np.arange(1, 11) / 11, rtol=1e-5)
    assert seen[10] == 2.0


def test_the_rate_of_a_step_does_not_depend_on_the_steps_before():
    assert float(Cosine().build(1.0, 10, lambda text: 0)(5)) == pytest.approx(0.5)
