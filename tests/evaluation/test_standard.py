import numpy as np
import pytest

from tfrun.evaluation.metrics import improves
from tfrun.evaluation.slices import Slicing
from tfrun.evaluation.standard import Standard

LABELS = np.array([0, 0, 1, 1, 1, 2])
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]], np.float32
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", 4 / 6),
        ("loss", -np.log([0.7, 0.4, 0.8, 0.3, 0.6, 0.8]).mean()),
        ("balanced_accuracy", (1 / 2 + 2 / 3 + 1) / 3),
        ("f1_macro", (2 / 3 + 2 / 3 + 2 / 3) / 3),
        ("precision_macro", (1 + 2 / 3 + 1 / 2) / 3),
        ("top_3_accuracy", 1.0),
        ("auc", (1 + 1 + 1) / 3),
        ("brier", np.mean([0.14, 0.62, 0.06, 0.74, 0.24, 0.06])),
    ],
)
def test_each_metric_is_what_a_hand_calculates(name, expected):
    if name == "auc":
        expected = np.mean([_pairs(c == LABELS, PROBABILITIES[:, c]) for c in range(3)])
    assert Standard(metrics=[name]).measure(LABELS, PROBABILITIES, 3)[name] == pytest.approx(expected, abs=1e-6)


def _pairs(positive, scores):
    """AUC by its definition: how often a positive scores above a negative, ties half."""
    differences = scores[positive][:, None] - scores[~positive][None]
    return ((differences > 0) + 0.5 * (differences == 0)).mean()


def test_auc_of_rows_without_a_class_is_undefined():
    assert np.isnan(Standard(metrics=["auc"]).measure(np.array([0, 0]), PROBABILITIES[:2], 3)["auc"])


def test_loss_and_accuracy_are_always_measured():
    assert list(Standard(metrics=["auc"]).measure(LABELS, PROBABILITIES, 3)) == ["loss", "accuracy", "auc"]


def test_slices_are_metrics_of_the_rows_with_each_value():
    place = Slicing(("place",), ["a", "b"], np.array([0, 0, 0, 1, 1, 1]))
    measured = Standard().by_slice(LABELS, PROBABILITIES, place, 3)
    assert {value: (m["accuracy"], m["rows"]) for value, m in measured.items()} == {
        "a": (pytest.approx(2 / 3), 3), "b": (pytest.approx(2 / 3), 3),
    }  # fmt: skip
    assert measured["a"]["intervals"]["accuracy"] is None  # of three rows


def test_slices_of_enough_rows_have_intervals():
    labels, probabilities = np.tile(LABELS, 10), np.tile(PROBABILITIES, (10, 1))
    measured = Standard().by_slice(labels, probabilities, Slicing(("place",), ["a"], np.zeros(60, int)), 3)
    low, high = measured["a"]["intervals"]["accuracy"]
    assert 0.4 < low < 2 / 3 < high < 0.9


def test_an_undefined_metric_of_a_slice_says_why():
    measured = Standard(metrics=["auc"]).by_slice(
        np.array([0, 0]), PROBABILITIES[:2], Slicing(("p",), ["a"], np.zeros(2, int)), 3
    )
    assert np.isnan(measured["a"]["auc"]) and measured["a"]["intervals"]["auc"] is None
    assert measured["a"]["undefined"] == {"auc": "needs rows of every class"}


def test_slices_can_be_asked_for_in_one_word():
    assert Standard(slices="auto").slices == ["auto"] and Standard(slices="auto").slice_columns() == []
    assert Standard(slices=["a", ["a", "b"]]).slice_columns() == ["a", "b"]


def test_an_unknown_metric_is_refused_with_the_names():
    with pytest.raises(ValueError, match="f1_macro"):
        Standard(metrics=["f2"])


@pytest.mark.parametrize(
    ("name", "value", "best", "expected"),
    [
        ("accuracy", 0.8, 0.7, True),
        ("loss", 0.8, 0.7, False),
        ("brier", 0.6, 0.7, True),
        ("auc", float("nan"), None, True),
        ("auc", 0.5, float("nan"), True),
        ("auc", float("nan"), 0.5, False),
    ],
)
def test_better_depends_on_the_metric_and_nan_is_worst(name, value, best, expected):
    assert improves(name, value, best) is expected


def test_the_loss_of_a_model_that_says_nan_is_nan_and_not_0():
    assert np.isnan(Standard().measure(np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, np.nan]]), 2)["loss"])
