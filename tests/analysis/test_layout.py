"""What is read out of a tf.Example."""

import math

import pytest
import tensorflow as tf

from tfrun.analysis.layout import Layout

SIGNATURES = {
    "serving_default": {"inputs": [{"name": "the_size", "column": "the size"}, {"name": "colour"}]},
    "serving_bytes": {"inputs": [{"name": "examples"}]},
}
TABLE = Layout.of(
    {"signatures": SIGNATURES, "labels": ["no", "yes", "7"]}, "late", {"hour": "hour", "place": "at"}, {"hour": [5, 17.5]}
)
PICTURE = Layout("bytes", "photo", ("photo",), "label", ("a", "b"), {})


def example(**features) -> tf.train.Example:
    built = tf.train.Example()
    for name, value in features.items():
        kind = {bytes: "bytes_list", int: "int64_list", float: "float_list"}[type(value)]
        getattr(built.features.feature[name], kind).value.append(value)
    return built


def test_inputs_are_called_as_the_data_call_them():
    assert TABLE.inputs == ("the size", "colour") and TABLE.picture == ""


@pytest.mark.parametrize("label, index", [(b"yes", 1), (1, 1), (7, 2), (b"maybe", -1), (3, -1), (-1, -1), (1.0, 1 - 2)])
def test_a_label_is_a_name_or_a_number_which_a_name_goes_before(label, index):
    assert TABLE.class_of(example(late=label)) == index


def test_no_label_is_told_from_an_unknown_one():
    assert TABLE.class_of(example(colour=b"red")) is None


@pytest.mark.parametrize(
    "hour, value",
    [(5, "≤ 5"), (5.0, "≤ 5"), (6.25, "5 … 17.5"), (17.5, "5 … 17.5"), (18, "> 17.5"), (math.nan, ""), (b"late", "late")],
)
def test_numbers_are_cut_where_the_run_has_cut_them(hour, value):
    assert TABLE.slices(example(hour=hour, at="größe".encode())) == {"hour": value, "place": "größe"}


def test_what_is_missing_has_a_slice_of_its_own_and_numbers_without_cuts_their_shortest_name():
    assert TABLE.slices(example(at=0.1)) == {"hour": "", "place": "0.1"}


def test_a_model_of_pictures_is_asked_with_the_picture_others_with_the_whole_row():
    row = example(photo=b"file", label=1)
    assert PICTURE.request(row.SerializeToString(), row) == b"file" and TABLE.request(b"row", row) == b"row"
    with pytest.raises(ValueError, match="'photo' holds no encoded picture"):
        PICTURE.request(b"", example(label=1))
