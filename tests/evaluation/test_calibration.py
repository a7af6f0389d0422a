"""Temperature scaling and thresholds, by hand and in a whole run from YAML to the exported file."""

import json

import numpy as np
import pytest
from scipy.special import softmax

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


YES = np.array([1, 1, 0, 1, 0, 0, 1, 0], bool)
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.4, 0.3, 0.1])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (Threshold(target="precision", least=1.0), 0.8),  # 2 of 2
        (Threshold(target="precision", least=0.6), 0.6),  # 3 of 5; 0.6 is there twice
        (Threshold(target="recall", least=0.75), 0.6),
        (Threshold(target="recall", least=1.0), 0.3),
        (Threshold(target="cost", false_negative=10), 0.3),
        (Threshold(target="cost", false_positive=10), 0.8),
    ],
)
def test_the_threshold_is_the_best_that_does_what_is_asked(threshold, expected):
    assert chosen(threshold, YES, SCORES) == expected


def test_no_threshold_where_none_will_do():
    assert chosen(Threshold(target="precision", least=0.9), ~YES, SCORES) is None
    assert chosen(Threshold(target="recall"), np.zeros(8, bool), SCORES) is None


def test_costs_are_of_a_row():
    found = figures(Threshold(target="cost", false_positive=2, false_negative=5), YES, SCORES >= 0.6)
    assert found == {"precision": 3 / 5, "recall": 3 / 4, "accuracy": 5 / 8, "cost": pytest.approx((2 * 2 + 5) / 8)}


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
    assert decision["class"] == "late" and decision["threshold"] == result["threshold"]["threshold"]
    assert result["threshold"]["validation"]["recall"] >= 0.8 and 0.6 <= result["threshold"]["test"]["recall"] <= 0.95
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
