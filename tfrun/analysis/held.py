"""The test rows of a run as a TFRecord file of tf.Examples."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from tfrun.analysis.layout import Layout
from tfrun.analysis.slices import columns
from tfrun.config.problems import ConfigError, Problem, RunError, nearest
from tfrun.dataset.stage import limited
from tfrun.evaluation.slices import slicing
from tfrun.export import encoded

if TYPE_CHECKING:
    from tfrun.analysis import Asked
    from tfrun.dataset import InputSpec, Split
    from tfrun.experiment import Experiment

_LABEL, _SLICE = "tfrun/label", "tfrun/slice/"  # beside inputs, which may have any name


def written(
    experiment: Experiment, result: Mapping[str, Any], contract: Mapping[str, Any], asked: Asked, scratch: Path
) -> tuple[str, Layout]:
    """The file, and what is in it. It lies in `scratch`, or where the pipeline's `--temp_location` is.

    result: of `record.result.read`. Raises ConfigError where a slice names no column, RunError where the data cannot be opened
    or have changed.
    """
    data = limited(experiment, experiment.dataset.open())
    if data.fingerprint != result["data"]["fingerprint"]:
        rule = "the data have changed since the run, so that its test rows cannot be told"
        raise RunError(Problem("dataset", rule, "--examples names rows to analyze", data.source))
    split, names = data.splits["test"], columns(asked.slices)
    known = {*split.columns, *split.facts}
    wrong = [Problem("--slices", "is no column of the data", nearest(name, known), name) for name in names if name not in known]
    if wrong:
        raise ConfigError(*wrong)
    layout = Layout.of(contract, _LABEL, {name: _SLICE + name for name in names})
    file = scratch / "test.tfrecord"
    _write(file, split, data.inputs, data.classes, {name: slicing(split, name) for name in names}, bool(layout.picture))
    place = PipelineOptions(list(asked.options)).view_as(GoogleCloudOptions).temp_location
    return (_copied(file, FileSystems.join(place, f"tfrun-{uuid.uuid4().hex}.tfrecord")) if place else str(file)), layout


def _write(file: Path, split: Split, inputs: Sequence[InputSpec], classes: Sequence[str], cut: dict, pictures: bool) -> None:
    with tf.io.TFRecordWriter(str(file)) as writer:
        for at, row in enumerate(split.inputs()):
            example = tf.train.Example()
            feature = example.features.feature
            for spec in inputs:
                value = _picture(spec, row[spec.name]) if pictures else row[spec.name]
                _put(feature[encoded.feature(spec)], spec, value)
            feature[_LABEL].bytes_list.value.append(classes[split.labels[at]].encode())
            for name, one in cut.items():
                feature[_SLICE + name].bytes_list.value.append(one.values[one.codes[at]].encode())
            writer.write(example.SerializeToString())


def _put(feature: tf.train.Feature, spec: InputSpec, value: Any) -> None:
    """What is missing stays empty. Arrays are flat."""
    if isinstance(value, bytes):
        feature.bytes_list.value.append(value)
        return
    flat = np.ravel(value)
    if encoded.stored(spec) == tf.float32:
        feature.float_list.value.extend(flat.astype(np.float32).tolist())
    elif encoded.stored(spec) == tf.string:
        feature.bytes_list.value.extend(flat.tolist())
    elif not (spec.kind == "time" and np.isnan(flat).any()):
        feature.int64_list.value.extend(flat.astype(np.int64).tolist())


def _picture(spec: InputSpec, pixels: np.ndarray) -> bytes:
    """pixels: uint8 [height, width, channels]. PNG, which changes none."""
    if pixels.dtype != np.uint8:
        rule = f"'{spec.name}' has pixels of {pixels.dtype}, which no picture file holds"
        raise RunError(Problem("analyze", rule, "result.json has the slices of the test rows"))
    return tf.io.encode_png(pixels).numpy()


def _copied(file: Path, place: str) -> str:
    with file.open("rb") as source, FileSystems.create(place) as target:
        shutil.copyfileobj(source, target)
    return place
