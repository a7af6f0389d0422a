from pathlib import Path

import pytest

from tfrun.evaluation.standard import Standard
from tfrun.export import Artifact
from tfrun.gate import judge
from tfrun.gate.none import NoGate
from tfrun.gate.thresholds import Thresholds
from tfrun.record.result import Result

METRICS = {"test": {"accuracy": 0.8, "loss": 0.5}}


def result(**more) -> Result:
    return Result("r", Path("r"), 0, metrics=METRICS, primary="accuracy", **more)


def artifact(variant="int8", **changes) -> Artifact:
    latency = {"cold_load": 1.0, "cold_first": 1.0, "p50": 2.0, "p99": 4.0}
    return Artifact(
        "tflite",
        variant,
        "x",
        "litert",
        **{"bytes": 4_000_000, "retention": 0.97, "latency_ms": latency, "passed": True, **changes},
    )


def reasons(gate, *artifacts) -> list[str]:
    _, verdict = judge(gate, result(), list(artifacts))
    assert verdict.blessed == (
        not any("below" in r or "more than" in r or "less than" in r or "above" in r for r in verdict.reasons)
    )
    return verdict.reasons


def test_all_thresholds_held_is_blessed_and_says_so():
    gate = Thresholds(metrics={"accuracy": 0.8, "loss": 0.5}, max_megabytes={"tflite/int8": 4}, max_p99_ms={"tflite/int8": 4})
    _, verdict = judge(gate, result(), [artifact()])
    assert verdict.blessed and "accuracy ≥ 0.8" in verdict.reasons[-1] and "loss ≤ 0.5" in verdict.reasons[-1]


@pytest.mark.parametrize(
    ("gate", "hint"),
    [
        (Thresholds(metrics={"accuracy": 0.81}), "test accuracy 0.8 is below gate.metrics.accuracy = 0.81"),
        (Thresholds(metrics={"loss": 0.4}), "test loss 0.5 is above gate.metrics.loss = 0.4"),
        (Thresholds(metrics={"auc": 0.4}), "test auc not measured is below"),
        (Thresholds(retention=0.98), "tflite/int8: keeps 0.970 of the primary metric, less than gate.retention = 0.98"),
        (Thresholds(max_megabytes={"tflite/int8": 3.5}), "tflite/int8: is 4.00 MB, more than"),
        (Thresholds(max_p99_ms={"tflite/int8": 3.5}), "tflite/int8: takes 4.0 ms (p99), more than"),
    ],
)
def test_each_broken_threshold_is_a_reason(gate, hint):
    (told,) = reasons(gate, artifact())
    assert told.startswith(hint)


def test_a_file_that_failed_its_checks_is_not_blessed_without_any_gate():
    judged, verdict = judge(
        NoGate(), result(), [artifact(), artifact("float16", passed=False, reasons=["gives NaN or infinity"])]
    )
    assert not verdict.blessed and verdict.reasons == ["tflite/float16: gives NaN or infinity"]
    assert [item.passed for item in judged] == [True, False]


def test_an_artifact_below_the_gate_no_longer_passes():
    (judged,), _ = judge(Thresholds(retention=0.99), result(), [artifact()])
    assert not judged.passed and "0.970" in judged.reasons[0]


def test_a_threshold_on_what_is_not_measured_is_a_problem_before_the_run():
    (problem,) = Thresholds(metrics={"acuracy": 0.9}).problems(Standard(), [])
    assert "did you mean 'accuracy'?" in str(problem)


def test_a_limit_on_a_file_that_is_not_exported_is_a_problem_before_the_run():
    (problem,) = Thresholds(max_megabytes={"tflite/int9": 3}).problems(Standard(), ["saved_model", "tflite/int8"])
    assert "did you mean 'tflite/int8'?" in str(problem)


BY_STYLE = {"test": {"style": {"photo": {"accuracy": 0.6, "rows": 40}, "sketch": {"accuracy": 0.2, "rows": 4}}}}
WORST = [{"slice": "style", "value": "photo", "rows": 40}]
ANOMALIES = {"anomalies": [{"severity": "warning", "text": "age: drifts"}]}
WORSE = {"metric": "accuracy", "difference": -0.1, "interval": [-0.14, -0.06], "theirs": 0.9}
SAME = {**WORSE, "difference": 0.01, "interval": [-0.02, 0.04]}


@pytest.mark.parametrize(
    ("gate", "seen", "hint"),
    [
        (Thresholds(slices={"style": 0.7}), {"slices": BY_STYLE}, "style = photo: accuracy 0.6 is below 0.7 on 40 test rows"),
        (Thresholds(worst_slices=False), {"worst_slices": WORST}, "style = photo: worse than the other test rows for certain"),
        (Thresholds(anomalies="none"), {"checks": ANOMALIES}, "the data checks found 1 anomalies, first: age: drifts"),
        (
            Thresholds(champion="x"),
            {"champion": WORSE},
            "accuracy -0.1000 (-0.1400 … -0.0600) against the champion's 0.9000: worse",
        ),
        (Thresholds(champion="x", champion_rule="better"), {"champion": SAME}, "accuracy +0.0100 (-0.0200 … +0.0400)"),
        (Thresholds(champion="x", champion_margin=0.01), {"champion": SAME}, "accuracy +0.0100"),
        (Thresholds(champion="x"), {"champion": {"problem": "it is gone"}}, "cannot be compared with the champion: it is gone"),
    ],
)
def test_slices_data_and_the_champion_can_stand_against_it(gate, seen, hint):
    _, verdict = judge(gate, result(**seen), [])
    (reason,) = verdict.reasons
    assert not verdict.blessed and reason.startswith(hint)


@pytest.mark.parametrize(
    ("gate", "seen"),
    [
        (Thresholds(slices={"style": 0.5}), {"slices": BY_STYLE}),  # four rows are not judged
        (Thresholds(anomalies="warning"), {"checks": ANOMALIES}),
        (Thresholds(champion="x"), {"champion": SAME}),
        (Thresholds(champion="x", champion_margin=0.03), {"champion": SAME}),
        (Thresholds(champion="registry"), {"champion": {"none": "no version is champion yet"}}),
    ],
)
def test_what_holds_is_no_reason(gate, seen):
    assert judge(gate, result(**seen), [])[1].blessed


def test_a_slice_nobody_measures_is_a_problem_before_the_run():
    (problem,) = Thresholds(slices={"stile": 0.5}).problems(Standard(slices=["style"]), [])
    assert "gate.slices.stile" in str(problem) and "did you mean 'style'?" in str(problem)
    (problem,) = Thresholds(worst_slices=False).problems(Standard(), [])
    assert "evaluation.slices=auto" in str(problem)
