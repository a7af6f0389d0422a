"""An opened data set as the data checks take it: streams of Arrow record batches, and what each column is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from tfrun.checks.roles import Roles
from tfrun.dataset import Data, Split, picked

_ROWS = 65_536  # of a record batch
_DHASH = "dhash"
NO_CLASS = "(none)"  # of a row that has none of several


def tables(data: Data) -> dict[str, Callable[[], Iterator[pa.RecordBatch]]]:
    """By split: facts, further columns, the label by its name, what the row is called and the digest of its input."""
    return {name: partial(_batches, data, split) for name, split in data.splits.items()}


def roles(data: Data) -> Roles:
    """Facts of a picture or a sound count as features: where one of them tells the label, the model will find that too."""
    row, digest = _marks(data)
    split = next(iter(data.splits.values()))
    inputs = {spec.column or spec.name: spec.kind for spec in data.inputs}
    features = [
        name for name in split.facts if name != _DHASH and (name in inputs or data.kind in ("image", "audio", "vector"))
    ]
    return Roles(
        label=data.label, texts=tuple(name for name, kind in inputs.items() if kind == "text" and name in features), ids=row,
        digest=digest, dhash=_DHASH if _DHASH in split.facts and data.kind == "image" else None, features=tuple(features),
        facts=() if data.kind in ("table", "text") else tuple(features),
        groups=tuple({**split.columns, **split.facts}.keys() - {*features, data.label, _DHASH}),
    )  # fmt: skip


def _marks(data: Data) -> tuple[str, str]:
    """Names for what a row is called and for its digest, that no column of the data has."""
    split = next(iter(data.splits.values()))
    taken, names = {*split.facts, *split.columns, data.label}, []
    for name in ("row", "digest"):
        while name in taken:
            name += "_"
        names.append(name)
    return names[0], names[1]


def _batches(data: Data, split: Split) -> Iterator[pa.RecordBatch]:
    row, digest = _marks(data)
    for start in range(0, len(split), _ROWS):
        at = np.arange(start, min(start + _ROWS, len(split)))
        columns = {**picked(split.columns, at), **picked(split.facts, at)}
        arrays = {name: _array(values) for name, values in columns.items() if name != data.label}
        arrays[data.label] = _array(_said(data, split.labels[at]))
        arrays[row] = _array(split.ids[at])
        if split.digests is not None:  # the checks read no input to make them
            arrays[digest] = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(32), len(at), [None, pa.py_buffer(split.digests[at])]
            )
        yield pa.RecordBatch.from_pydict(arrays)


def _said(data: Data, labels: np.ndarray) -> np.ndarray:
    """Labels as a person reads them: strings, or numbers."""
    if data.task == "regression":
        return labels.astype(np.float64)
    if data.task == "classification":
        return np.array(data.classes, object)[labels]
    kinds, which = np.unique(labels, axis=0, return_inverse=True)
    named = [", ".join(name for name, has in zip(data.classes, row, strict=True) if has) for row in kinds]
    return np.array([name or NO_CLASS for name in named], object)[which]


def _array(values: np.ndarray) -> pa.Array:
    """NaN and None become null: in facts they stand for a missing value."""
    if values.dtype.kind in "OUS":
        return pa.array(values.tolist(), pa.string())
    return pa.array(values, from_pandas=True)
