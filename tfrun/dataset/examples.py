"""Rows out of tf.Example records: looked at once, one by one, and read in any order in a TensorFlow graph."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.cores import cores
from tfrun.dataset import Data, InputSpec, Kind, Skipped, SplitBy
from tfrun.dataset.labels import Labelling, column
from tfrun.dataset.pictures import Picture, examine, facts_of, notes_on
from tfrun.dataset.reading import NotReadable
from tfrun.dataset.records import Record, RecordFile
from tfrun.dataset.table import Rows, split_rows
from tfrun.dataset.upright import decode

_AT_ONCE = 256  # records in memory together


@dataclass(frozen=True)
class Layout:
    """inputs: kind by feature. label: feature, int64 or bytes. names: of the classes, by label number. columns: further ones. labelling: what labels are."""

    inputs: dict[str, Kind]
    label: str
    names: Sequence[str] = ()
    columns: Sequence[str] = ()
    group: str | None = None
    channels: int = 3
    labelling: Labelling = field(default_factory=Labelling)


@dataclass(frozen=True, slots=True)
class _Row:
    file: int
    offset: int
    length: int
    name: str
    label: str | tuple[str, ...]
    columns: tuple[str, ...]
    digest: bytes
    forms: tuple[tuple[str, int], ...]  # of the inputs: kind of list, and how many values
    picture: Picture | None
    values: tuple[Any, ...] = field(default=())


def open_examples(
    files: dict[str, list[RecordFile]], layout: Layout, by: SplitBy, source: str, licence: str, skip: bool
) -> Data:
    """files: by split, or all under ''. skip: leave damaged records out; else they are a RunError that names them."""
    every = [(split, file) for split, group in files.items() for file in group]
    rows: list[_Row] = []
    skipped: list[Skipped] = []
    splits: list[str] = []
    for number, (split, file) in enumerate(every):
        for item in _looked_at(number, file, layout):
            if isinstance(item, Skipped):
                skipped.append(item)
            elif rows and item.forms != rows[0].forms:
                skipped.append(Skipped(item.name, f"holds {_told(item, layout)}, and others {_told(rows[0], layout)}"))
            else:
                rows.append(item)
                splits.append(split)
    if skipped and not skip:
        more = [Problem(source, f"{len(skipped) - 10} more records are damaged")] if len(skipped) > 10 else []
        way_out = "mend or remove it, or set dataset.on_corrupt=skip"
        raise RunError(*(Problem(item.file, item.reason, way_out) for item in skipped[:10]), *more)
    if layout.labelling.task == "classification" and len({row.label for row in rows}) < 2:
        raise RunError(Problem(source, "holds fewer than two classes", "a classifier needs two; see dataset.label"))
    specs = tuple(_spec(name, kind, form, layout) for (name, kind), form in zip(layout.inputs.items(), rows[0].forms))
    read = _reader([file for _, file in every], rows, layout)
    digests = [row.digest for row in rows]
    data = split_rows(
        _table(rows, splits, layout, _ids(every, rows)), by, read, specs, digests, source, licence, tuple(skipped)
    )
    pictures = [(row.name, row.picture) for row in rows if row.picture]
    return replace(data, notes=notes_on(*zip(*pictures, strict=True)) if pictures else ())


def _looked_at(number: int, file: RecordFile, layout: Layout) -> Iterator[_Row | Skipped]:
    scanned = file.scan()
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        while some := list(itertools.islice(scanned, _AT_ONCE)):
            yield from pool.map(lambda item: item if isinstance(item, Skipped) else _row(number, file, item, layout), some)


def _row(number: int, file: RecordFile, record: Record, layout: Layout) -> _Row | Skipped:
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    name = file.name(record.number)
    try:
        features = tf.train.Example.FromString(record.contents).features.feature
    except DecodeError:
        return Skipped(name, "holds no tf.Example")
    needed = [layout.label] if layout.labelling.task != "multilabel" else []
    missing = [key for key in (*layout.inputs, *needed, *layout.columns) if not _values(features, key)]
    if missing:
        return Skipped(name, f"has no '{missing[0]}' (it has {', '.join(sorted(features)) or 'nothing'})")
    forms, values, picture = [], [], None
    for key, kind in layout.inputs.items():
        held, form = _values(features, key), (features[key].WhichOneof("kind"), len(_values(features, key)))
        reason = _unfit(kind, form, held)
        if reason:
            return Skipped(name, f"'{key}' {reason}")
        if kind == "image":
            try:
                picture = examine(held[0])
            except NotReadable as error:
                return Skipped(name, str(error))
        forms.append(form)
        values.append(held[0] if kind in ("number", "category") and form[1] == 1 else None)
    label = _label(features, layout)
    if label is None:
        return Skipped(name, f"'{layout.label}' is no label: {_wanted(layout)}")
    digest = hashlib.sha256(
        b"".join(key.encode() + features[key].SerializeToString(deterministic=True) for key in layout.inputs)
    )
    columns = tuple(_word(_values(features, key)[0]) for key in layout.columns)
    return _Row(
        number, record.offset, len(record.contents), name, label, columns, digest.digest(), tuple(forms), picture, tuple(values)
    )  # fmt: skip


def _values(features, key: str) -> Sequence[Any]:
    """Of a feature; empty where there is none."""
    if key not in features or features[key].WhichOneof("kind") is None:
        return ()
    return getattr(features[key], features[key].WhichOneof("kind")).value


def _unfit(kind: Kind, form: tuple[str, int], values: Sequence[Any]) -> str:
    """Why these values cannot be of this kind."""
    if kind == "number":
        if form[0] == "bytes_list":
            return "holds bytes, and should hold numbers"
        return "holds NaN or infinity" if form[1] > 1 and not np.isfinite(values).all() else ""
    if form[1] != 1:
        return f"holds {form[1]} values, and should hold one"
    if form[0] != "bytes_list" and not (kind == "category" and form[0] == "int64_list"):
        return f"holds {form[0].removesuffix('_list')}, and should hold bytes"
    return ""


def _label(features, layout: Layout) -> str | tuple[str, ...] | None:
    """None where it is none of the task."""
    held, task = _values(features, layout.label), layout.labelling.task
    numbers = bool(held) and features[layout.label].WhichOneof("kind") == "float_list"
    if task == "regression":
        return None if len(held) != 1 or isinstance(held[0], bytes) else repr(held[0])
    if numbers or (task == "classification" and len(held) != 1):
        return None
    words = [_class(value, layout) for value in held]
    if None in words:
        return None
    return tuple(words) if task == "multilabel" else words[0]


def _class(value: int | bytes, layout: Layout) -> str | None:
    if isinstance(value, int) and layout.names:
        return str(layout.names[value]) if 0 <= value < len(layout.names) else None
    return _word(value) or None


def _wanted(layout: Layout) -> str:
    below = f", below {len(layout.names)}" if layout.names else ""
    return {
        "classification": f"one int64 or bytes value{below}", "regression": "one number",
        "multilabel": f"int64 or bytes values{below}",
    }[layout.labelling.task]  # fmt: skip


def _word(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _told(row: _Row, layout: Layout) -> str:
    forms = zip(layout.inputs, row.forms, strict=True)
    return ", ".join(f"{count} {form.removesuffix('_list')} in '{name}'" for name, (form, count) in forms)


def _spec(name: str, kind: Kind, form: tuple[str, int], layout: Layout) -> InputSpec:
    if kind == "image":
        return InputSpec(name, "uint8", (None, None, layout.channels), "image")
    if kind == "number":
        return InputSpec(name, "float32", () if form[1] == 1 else (form[1],), "number")
    return InputSpec(name, "string", (), kind)


def _ids(files: list[tuple[str, RecordFile]], rows: list[_Row]) -> np.ndarray:
    """Names of rows without the folder that all files are in: the same data have the same names wherever they are."""
    parts = [file.called.split("/")[:-1] for _, file in files]
    common = itertools.takewhile(lambda same: len(set(same)) == 1, zip(*parts))
    start = sum(len(same[0]) + 1 for same in common)
    return np.array([row.name[start:] for row in rows], object)


def _table(rows: list[_Row], splits: list[str], layout: Layout, names: np.ndarray) -> Rows:
    columns = {name: np.array([row.columns[at] for row in rows], object) for at, name in enumerate(layout.columns)}
    labels = column(_joined([row.label for row in rows], layout))
    if (
        layout.labelling.task == "classification"
        and not layout.names
        and all(label.lstrip("-").isdigit() for label in set(labels))
    ):
        labels = labels.astype(np.int64)  # classes in the order of their numbers
    facts: dict[str, np.ndarray] = {}
    for at, (name, kind) in enumerate(layout.inputs.items()):
        if kind in ("number", "category") and rows[0].forms[at][1] == 1:
            held = [row.values[at] for row in rows]
            facts[name] = np.array(held, np.float64) if kind == "number" else np.array([_word(value) for value in held], object)
    if rows[0].picture:
        facts |= facts_of([row.picture for row in rows])
    given = np.array(splits, object) if any(splits) else None
    groups = columns[layout.group] if layout.group else None
    return Rows(names, labels, given, groups, columns, facts, layout.labelling)


def _joined(labels: list[str | tuple[str, ...]], layout: Layout) -> list[str | tuple[str, ...]]:
    """Where no row has several values, a value may hold several names: then labels are strings, to be split."""
    if layout.labelling.task != "multilabel" or any(len(label) > 1 for label in labels):
        return labels
    return [label if label and label[0] in layout.names else "".join(label) for label in labels]


def _reader(files: list[RecordFile], rows: list[_Row], layout: Layout) -> Callable:
    """`Split.read`: int64 row -> inputs. Contents were checked when they were looked at."""
    import tensorflow as tf

    place = np.array([(row.file, row.offset, row.length) for row in rows], np.int64)
    orientations = np.array([row.picture.orientation if row.picture else 1 for row in rows], np.int32)
    plain, dtypes = bool((orientations == 1).all()), {"bytes_list": tf.string, "int64_list": tf.int64, "float_list": tf.float32}
    parsed = {
        name: tf.io.FixedLenFeature([] if count == 1 else [count], dtypes[form])
        for name, (form, count) in zip(layout.inputs, rows[0].forms, strict=True)
    }

    def fetch(row):
        file, offset, length = place[row]
        return files[file].read(int(offset), int(length))

    def read(row):
        contents = tf.ensure_shape(tf.numpy_function(fetch, [row], tf.string, stateful=False), [])
        features = tf.io.parse_single_example(contents, parsed)
        return {
            name: _as(features[name], kind, None if plain else tf.gather(orientations, row), layout.channels)
            for name, kind in layout.inputs.items()
        }

    return read


def _as(value, kind: Kind, orientation, channels: int):
    import tensorflow as tf

    if kind == "image":
        return decode(value, orientation, channels)
    if kind == "number":
        return tf.cast(value, tf.float32)
    return value if value.dtype == tf.string else tf.strings.as_string(value)
