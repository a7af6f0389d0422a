"""TFRecord files that a user names: looked at before a pipeline starts."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from google.protobuf.message import DecodeError

from tfrun.analysis.layout import Layout
from tfrun.analysis.slices import columns, edges
from tfrun.config.problems import Problem, RunError, nearest

if TYPE_CHECKING:
    from tfrun.experiment import Experiment

_LOOKED_AT = 100  # rows
_LENGTH, _CHECKSUM = 8, 4  # bytes, around the contents of a record


def layout(
    experiment: Experiment, result: Mapping[str, Any], contract: Mapping[str, Any], slices: Sequence[Sequence[str]]
) -> Layout:
    """Features are called as the data of the run call them; numbers are cut where the run has cut them."""
    names = columns(slices)
    cut = {name: found for name in names if (found := edges(result, name))}
    return Layout.of(contract, getattr(experiment.dataset, "label", "label"), {name: name for name in names}, cut)


def look(pattern: str, layout: Layout) -> None:
    """Raises RunError where there is no file, or its first rows lack the label, a slice's column or each input of the model."""
    try:
        known = _features(pattern)
    except (OSError, ValueError, BeamIOError, DecodeError) as error:
        rule = f"cannot be read ({' '.join(str(error).split())[:200]})"
        raise RunError(Problem("--examples", rule, "name TFRecord files of tf.Examples", pattern)) from error
    needed = {layout.label: "the label", **{feature: "a slice" for feature in layout.columns.values()}}
    if layout.picture or not known.intersection(layout.inputs):
        needed |= {feature: "an input of the model" for feature in layout.inputs}
    problems = [
        Problem("--examples", f"have no feature '{feature}', {what}, in their first rows", nearest(feature, known), pattern)
        for feature, what in needed.items()
        if feature not in known
    ]
    if problems:
        raise RunError(*problems)


def _features(pattern: str) -> set[str]:
    """Names, of the first rows."""
    (found,) = FileSystems.match([pattern])
    records = itertools.chain.from_iterable(_records(file.path) for file in found.metadata_list)
    examples = [tf.train.Example.FromString(record) for record in itertools.islice(records, _LOOKED_AT)]
    if not examples:
        raise ValueError("it fits no file" if not found.metadata_list else "no row is there")
    return {name for example in examples for name in example.features.feature}


def _records(path: str) -> Iterator[bytes]:
    with FileSystems.open(path) as file:
        while head := file.read(_LENGTH + _CHECKSUM):
            if len(head) < _LENGTH + _CHECKSUM:
                raise ValueError(f"{path} is cut off, or no TFRecord file")
            (length,) = struct.unpack("<Q", head[:_LENGTH])
            if length >= 2**31:  # more than a proto can have
                raise ValueError(f"{path} is no TFRecord file")
            yield file.read(length)
            file.read(_CHECKSUM)
