import pytest

from tfrun.evaluation.standard import Standard
from tfrun.export import Artifact
from tfrun.gate import judge
from tfrun.gate.none import NoGate
from tfrun.gate.thresholds import Thresholds

METRICS = {"test": {"accuracy": 0.8, "loss": 0.5}}


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
    _, verdict = judge(gate, METRICS, list(artifacts))
    assert verdict.blessed == (
        not any("below" in r or "more than" in r or "less than" in r or "above" in r for r in verdict.reasons)
    )
    return verdict.reasons


def test_all_thresholds_held_is_blessed_and_says_so():
    gate = Thresholds(metrics={"accuracy": 0.8, "loss": 0.5}, max_megabytes={"tflite/int8": 4}, max_p99_ms={"tflite/int8": 4})
    _, verdict = judge(gate, METRICS, [artifact()])
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
        NoGate(), METRICS, [artifact(), artifact("float16", passed=False, reasons=["gives NaN or infinity"])]
    )
    assert not verdict.blessed and verdict.reasons == ["tflite/float16: gives NaN or infinity"]
    assert [item.passed for item in judged] == [True, False]


def test_an_artifact_below_the_gate_no_longer_passes():
    (judged,), _ = judge(Thresholds(retention=0.99), METRICS, [artifact()])
    assert not judged.passed and "0.970" in judged.reasons[0]


def test_a_threshold_on_what_is_not_measured_is_a_problem_before_the_run():
    (problem,) = Thresholds(metrics={"acuracy": 0.9}).problems(Standard(), [])
    assert "did you mean 'accuracy'?" in str(problem)


def test_a_limit_on_a_file_that_is_not_exported_is_a_problem_before_the_run():
    (problem,) = Thresholds(max_megabytes={"tflite/int9": 3}).problems(Standard(), ["saved_model", "tflite/int8"])
    assert "did you mean 'tflite/int8'?" in str(problem)
