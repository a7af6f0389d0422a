"""What people write on the command line, and what a sweep makes of it."""

from __future__ import annotations

import math

import pytest

from tfrun import ConfigError
from tfrun.sweep.space import Choice, Interval, as_override, parse


def only(text: str):
    (dimension,) = parse([text], {}).dimensions
    return dimension


@pytest.mark.parametrize("text, values", [
    ("head.units=choice(0,128,256)", (0, 128, 256)), ("head=linear,mlp", ("linear", "mlp")), ("training.epochs=range(1,6,2)", (1, 3, 5)),
    ("a=true,false", (True, False)), ("a=[1,2],[3]", ([1, 2], [3])), ("a='x y','c,d'", ("x y", "c,d")), ("a=1,1,2", (1, 2)), ("a=null,1.5", (None, 1.5)),
])  # fmt: skip
def test_choices(text, values):
    assert only(text).values == values


def test_intervals_and_their_ends():
    assert only("a=interval(1,5)") == Interval("a", 1.0, 5.0)
    log = only("a=tag(log,interval(1e-4,1e-1))")
    assert log.log and log.at(0) == pytest.approx(1e-4) and log.at(1) == pytest.approx(0.1)
    assert math.log10(log.at(0.5)) == pytest.approx(-2.5) and log.low <= log.at(0) and log.at(1) <= log.high
    whole = only("a=int(interval(1,10))")
    assert {whole.at(share / 100) for share in range(101)} == set(range(1, 11)) and isinstance(whole.at(0.3), int)


def test_the_command_line_wins_over_the_search_section():
    space = parse(["+experiment=x", "a=1,2", "b=5"], {"a": "choice(7,8)", "b": "choice(1,2)", "c.d": "range(0,2)"})
    assert space.fixed == ("+experiment=x", "b=5")
    assert space.dimensions == (Choice("a", (1, 2), True), Choice("c.d", (0, 1), True))


def test_a_grid_is_every_combination_in_order():
    assert [list(values.values()) for values in parse(["a=1,2", "b=x,y"], {}).grid()] == [
        [1, "x"],
        [1, "y"],
        [2, "x"],
        [2, "y"],
    ]


def test_probes_are_each_value_once():
    assert list(parse(["a=1,2,3", "b=interval(0,1)"], {}).probes()) == [
        {"a": 1, "b": 0.0}, {"a": 2, "b": 0.0}, {"a": 3, "b": 0.0}, {"a": 1, "b": 1.0},
    ]  # fmt: skip


@pytest.mark.parametrize("overrides, search, says", [
    (["a=interval(5,1)"], {}, "a = interval(5,1): is an empty interval"), (["a=tag(log,interval(0,1))"], {}, "begins above 0"),
    (["a=glob(*)"], {}, "write the options out"), ([], {"a": "5"}, "search.a = 5: is one value"), ([], {"a": "choice("}, "search.a = choice(: cannot be read"),
    (["a=range(5,1)"], {}, "holds no value"),
])  # fmt: skip
def test_what_is_wrong_is_one_line(overrides, search, says):
    with pytest.raises(ConfigError) as error:
        parse(overrides, search)
    assert says in str(error.value)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ConfigError) as error:
        parse(["a=interval(5,1)", "b=glob(*)"], {"c": "1"})
    assert len(error.value.problems) == 3


def test_a_grid_of_an_interval_is_refused():
    with pytest.raises(ConfigError, match=r"a = interval\(0,1\): an interval has no end of values"):
        list(parse(["a=interval(0,1)"], {}).grid())


@pytest.mark.parametrize(
    "value",
    [1, 0.1, 1e-05, True, None, "plain", "with space", "a,b", "x=y", [1, "a b"], {"k": 1.5}, "", "null", "1", "ünïcode", "a'b"],
)
def test_values_come_back_from_an_override(value):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (override,) = OverridesParser.create().parse_overrides([as_override("key", value)])
    assert override.value() == value and type(override.value()) is type(value)
