"""Temperature scaling and thresholds, by hand and in a whole run from YAML to the exported file."""

import json

import numpy as np
import pytest
from scipy.special import expit, softmax

from tests.conftest import tfrun
from tfrun.evaluation.calibration import reliability, temperature
from tfrun.evaluation.threshold import Threshold, chosen, figures


def test_the_temperature_that_the_answers_were_made_with_is_found():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 4))
    labels = np.array([generator.choice(4, p=row) for row in softmax(logits, axis=1)])
    assert temperature(logits * 3, labels) == pytest.approx(3, rel=0.03)
    assert temperature(logits / 2, labels) == pytest.approx(0.5, rel=0.03)
    honest, boastful = (reliability(labels, softmax(logits * by, axis=1)) for by in (1, 3))
    assert honest["ece"] < 0.02 < 0.15 < boastful["ece"]
    assert sum(bin["rows"] for bin in boastful["bins"]) == 20_000


def test_answers_on_several_classes_are_made_true_too():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 4))
    labels = (generator.random((20_000, 4)) < expit(logits)).astype(np.uint8)
    assert temperature(logits * 3, labels) == pytest.approx(3, rel=0.03)
    honest, boastful = (reliability(labels, expit(logits * by)) for by in (1, 3))
    assert honest["ece"] < 0.02 < 0.1 < boastful["ece"] and sum(bin["rows"] for bin in honest["bins"]) == 80_000
    assert all(abs(bin["accuracy"] - bin["confidence"]) < 0.03 for bin in honest["bins"])


YES = np.array([1, 1, 0, 1, 0, 0, 1, 0], bool)
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.4, 0.3, 0.1])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (Threshold(target="precision", least=1.0), 0.75),  # 2 of 2; halfway to the next score
        (Threshold(target="precision", least=0.6), 0.5),  # 3 of 5; 0.6 is there twice
        (Threshold(target="recall", least=0.75), 0.5),
        (Threshold(target="recall", least=1.0), 0.2),
        (Threshold(target="f1"), 0.2),  # 8/11; 0.6 and 0.8 have 6/9
        (Threshold(target="cost", false_negative=10), 0.2),
        (Threshold(target="cost", false_positive=10), 0.75),
        (Threshold(target="cost", false_positive=100, false_negative=0.1), 0.75),
    ],
)
def test_the_threshold_is_the_best_that_does_what_is_asked(threshold, expected):
    assert chosen(threshold, YES, SCORES) == pytest.approx(expected)


def test_where_all_have_to_be_a_yes_it_is_below_the_lowest_score():
    assert chosen(Threshold(target="recall", least=1.0), ~YES, SCORES) == pytest.approx(0.05)


def test_no_threshold_where_none_will_do():
    assert chosen(Threshold(target="precision", least=0.9), ~YES, SCORES) is None
    for target in ("precision", "recall", "f1", "cost"):
        assert chosen(Threshold(target=target), np.zeros(8, bool), SCORES) is None
        assert chosen(Threshold(target=target), YES, np.full(8, np.nan)) is None


def test_to_say_yes_never_may_be_cheapest():
    yes, scores = np.array([0, 1, 0, 0, 1], bool), np.array([0.5, 0.4, 0.3, 0.2, 0.1])
    assert chosen(Threshold(target="cost", false_positive=10), yes, scores) == pytest.approx(0.75)  # halfway to 1


def test_a_score_of_nan_does_not_count():
    scores = np.where(np.arange(8) == 5, np.nan, SCORES)
    assert chosen(Threshold(target="recall", least=1.0), YES, scores) == pytest.approx(0.2)


def test_costs_are_of_a_row():
    found = figures(Threshold(target="cost", false_positive=2, false_negative=5), YES, SCORES >= 0.6)
    assert found == {
        "precision": 3 / 5,
        "recall": 3 / 4,
        "f1": 6 / 9,
        "accuracy": 5 / 8,
        "cost": pytest.approx((2 * 2 + 5) / 8),
    }


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    return tfrun(
        tmp_path_factory.mktemp("flights"), "+experiment=flights", "tracking=none", "training.epochs=3", "export=[saved_model]",
        "evaluation.calibration=temperature", "evaluation.threshold.target=recall", "evaluation.threshold.least=0.8",
        "evaluation.threshold.positive=late", "evaluation.slices=[auto,carrier,[carrier,origin]]",
        "evaluation.metrics=[auc,ece,recall]",
    )  # fmt: skip


def test_a_run_from_the_command_line_is_calibrated_and_tells_callers_the_threshold(flights):
    assert flights.code == 0, flights.err
    result = flights.result
    found = result["calibration"]["temperature"]
    assert found["value"] != 1 and found["loss"][1] <= found["loss"][0]
    decision = json.loads((flights.directory / "exports" / "contract.json").read_text())["decision"]
    assert decision["class"] == "late" and decision["threshold"] == result["thresholds"][0]["threshold"]
    (threshold,) = result["thresholds"]
    assert threshold["validation"]["recall"] >= 0.8 and 0.6 <= threshold["test"]["recall"] <= 0.95
    (artifact,) = result["artifacts"]
    assert artifact["passed"] and artifact["max_abs_difference"] < 1e-6  # the file has the temperature too


def test_the_report_has_intervals_slices_and_the_reliability_diagram(flights):
    report = (flights.directory / "report.html").read_text()
    low, high = flights.result["intervals"]["test"]["auc"]
    assert low < flights.result["metrics"]["test"]["auc"] < high and f"{low:.3f} … {high:.3f}" in report
    assert "Test rows by carrier × origin" in report and "How sure, and how often right" in report
    slices = flights.result["slices"]["test"]["carrier × origin"]
    assert sum(values["rows"] for values in slices.values()) == 3057
    one_class = [values for values in slices.values() if values["auc"] is None]
    assert one_class and all(v["undefined"]["auc"] == "needs rows of every class" for v in one_class)


def test_further_exports_of_a_calibrated_run_are_calibrated(flights):
    done = tfrun(flights.folder, "export", str(flights.directory), "export=[tflite]", "export.tflite.variants=[float32]")
    assert done.code == 0, done.err
    further = next(a for a in flights.result["artifacts"] if a["target"] == "tflite")
    assert further["passed"] and further["max_abs_difference"] < 1e-4


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["evaluation.slices=[carier]"], "evaluation.slices = carier: is no column of the data; did you mean 'carrier'?"),
        (["evaluation.slices=[[carrier,orgin]]"], "orgin"),
        (["evaluation.threshold.target=recall", "evaluation.threshold.positive=lat"], "evaluation.threshold.positive"),
    ],
)
def test_what_the_data_have_not_is_told_in_one_line(tmp_path, overrides, said):
    done = tfrun(tmp_path, "+experiment=flights", "tracking=none", "debug=fast", "export=[]", *overrides)
    assert done.code in (1, 2) and said in done.err and "Traceback" not in done.err, done.err
