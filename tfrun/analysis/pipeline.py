"""Read, ask the model, slice and measure: all of it steps of one Beam pipeline, the last two by TFMA."""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_model_analysis.proto import config_pb2

from tfrun.analysis import FILE, Analysis, Asked
from tfrun.analysis.answer import SPACE, Answer
from tfrun.analysis.layout import Layout
from tfrun.config.problems import Problem, RunError, shorten
from tfrun.evaluation.slices import CROSS

ALL = "all rows"
_BATCH, _BATCH_OF_PICTURES = 512, 32
_THRESHOLDS = 10_000  # that the ROC curve is drawn with
_ROWS = "example_count"

# Precision of the one best answer is accuracy. Of two classes, the second is positive.
_OF_SECOND = {"precision": "Precision", "recall": "Recall", "f1": "F1Score", "auc": "AUC"}
_BOTH = {
    "true_positive_rate": "Recall",
    "true_negative_rate": "Specificity",
}  # NaN where a class has no row: TFMA's AUC is 0 then


def run(pattern: str, layout: Layout, asked: Asked, folder: str) -> Analysis:
    """Writes TFMA's result and `analysis.json` to `folder`. Raises RunError where the pipeline fails or no row is judged."""
    config = eval_config(asked.slices, asked.metrics)
    try:
        left_out = _piped(pattern, layout, asked, folder, config)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)  # which is the log of the run
        reason = shorten(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__, 300)
        raise RunError(Problem("analyze", f"the pipeline failed ({reason})", "log.txt of the run says more")) from error
    slices = _read(folder, asked.slices, asked.metrics)
    if ALL not in slices:
        raise RunError(Problem("--examples", "hold no row that can be judged", _told(left_out), pattern))
    with FileSystems.create(FileSystems.join(folder, FILE)) as file:
        file.write((json.dumps(slices, indent=1, ensure_ascii=False) + "\n").encode())
    return Analysis(folder, slices, left_out)


def eval_config(slices: Sequence[Sequence[str]], metrics: Sequence[str]) -> config_pb2.EvalConfig:
    """As TFMA writes it beside its result."""
    specs = [config_pb2.MetricsSpec(metrics=[config_pb2.MetricConfig(class_name="ExampleCount", config=_named(_ROWS))])]
    if "accuracy" in metrics:
        best = config_pb2.BinarizationOptions(top_k_list={"values": [1]})
        metric = config_pb2.MetricConfig(class_name="Precision", config=_named("accuracy"))
        specs.append(config_pb2.MetricsSpec(metrics=[metric], binarize=best))
    of_second = {name: kind for name, kind in _OF_SECOND.items() if name in metrics} | (_BOTH if "auc" in metrics else {})
    others = [config_pb2.MetricConfig(class_name=kind, config=_named(name)) for name, kind in of_second.items()]
    if others:
        second = config_pb2.BinarizationOptions(class_ids={"values": [1]})
        specs.append(config_pb2.MetricsSpec(metrics=others, binarize=second))
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name="serving_bytes")],
        metrics_specs=specs,
        slicing_specs=[config_pb2.SlicingSpec(feature_keys=names) for names in [(), *slices]],
    )
    config.options.include_default_metrics.value = False
    return config


def _named(name: str) -> str:
    return json.dumps({"name": name, **({"num_thresholds": _THRESHOLDS} if name == "auc" else {})})[1:-1]


def _piped(pattern: str, layout: Layout, asked: Asked, folder: str, config: config_pb2.EvalConfig) -> dict[str, int]:
    """Returns how many rows were left out, by reason."""
    pipeline = beam.Pipeline(options=PipelineOptions(list(asked.options)))
    _ = (
        pipeline
        | "read" >> beam.io.ReadFromTFRecord(pattern)
        | "share out" >> beam.Reshuffle()
        | "batch" >> beam.BatchElements(max_batch_size=_BATCH_OF_PICTURES if layout.picture else _BATCH)
        | "answer" >> beam.ParDo(Answer(asked.model, layout))
        | "measure"
        >> tfma.ExtractAndEvaluate(
            extractors=[tfma.extractors.SliceKeyExtractor(eval_config=config, materialize=False)],
            evaluators=tfma.default_evaluators(eval_config=config),
        )
        | "write"
        >> tfma.WriteResults(
            writers=tfma.default_writers(output_path=folder, eval_config=config, display_only_data_location=pattern)
        )
    )
    done = pipeline.run()
    done.wait_until_finish()
    counters = done.metrics().query(MetricsFilter().with_namespace(SPACE))["counters"]
    return {counter.key.metric.name: counter.result for counter in counters if counter.result}


def _read(folder: str, slices: Sequence[Sequence[str]], metrics: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """In the order of `slices`; the values with the most rows first."""
    found: dict[str, dict[str, dict[str, Any]]] = {CROSS.join(names) or ALL: {} for names in [(), *slices]}
    for key, by_output in tfma.load_eval_result(folder).slicing_metrics:
        figures = {name: float(held["doubleValue"]) for one in by_output[""].values() for name, held in one.items()}
        of = dict(key)
        for names in [(), *slices]:
            if set(names) == of.keys():
                value = CROSS.join(of[name] for name in names) if names else ALL
                found[CROSS.join(names) or ALL][value] = _shown(figures, metrics)
    return {name: dict(sorted(values.items(), key=_most_rows)) for name, values in found.items() if values}


def _shown(figures: dict[str, float], metrics: Sequence[str]) -> dict[str, float | None]:
    """None where a metric is not defined."""
    if not all(math.isfinite(figures.get(name, 0.0)) for name in _BOTH):
        figures = {**figures, "auc": math.nan}
    shown = {name: figures[name] if math.isfinite(figures[name]) else None for name in metrics}
    return {**shown, "rows": int(figures[_ROWS])}


def _most_rows(item: tuple[str, dict[str, Any]]) -> tuple[int, str]:
    return -item[1]["rows"], item[0]


def _told(left_out: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
