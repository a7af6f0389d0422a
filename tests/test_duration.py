import pytest
from pydantic import TypeAdapter, ValidationError

from tfrun.duration import Duration, steps

parse = TypeAdapter(Duration).validate_python


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100 steps", 100), ("1 step", 1), ("2 epochs", 80), ("0.5 epochs", 20), ("640 examples", 20), ("10 %", 40), (0, 0)],
)
def test_any_unit_becomes_steps(text, expected):
    assert steps(parse(text), total=400, examples=1280, batch_size=32) == expected


@pytest.mark.parametrize("text", ["5", 5, "5 weeks", "-1 steps", "110 %", "", True, None])
def test_what_has_no_unit_or_no_sense_is_refused(text):
    with pytest.raises(ValidationError):
        parse(text)
