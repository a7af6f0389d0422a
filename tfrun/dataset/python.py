"""A function of the user's that gives a tf.data.Dataset."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest, shorten
from tfrun.dataset import Data, Dataset
from tfrun.dataset.elements import reader, specs_of, store
from tfrun.dataset.labels import column
from tfrun.dataset.looks import looks
from tfrun.dataset.pipeline import without_autotune
from tfrun.dataset.scratch import Scratch
from tfrun.dataset.splitting import split_name
from tfrun.dataset.table import Rows, split_rows
from tfrun.task import TASKS

_KEY = "dataset.function"
_LABELS = {  # what labels have to be, and what may be done
    "classification": ("string or integer", "one label a row, not one-hot, not batched; numbers take dataset.task=regression"),
    "regression": ("number", "one number a row, not batched"),
    "multilabel": (
        "string, nor integers, one for each of dataset.names",
        "one string a row, or 0 and 1 [classes] with dataset.names",
    ),
}


class Python(Dataset):
    """`function(**arguments)` gives a tf.data.Dataset of (inputs, label), or a dict of them by split; not batched.

    inputs: uint8 [height, width, 1 or 3], a string, numbers [] or [d], or a dict of such. label: a string or an integer; with
    task=regression a number; with task=multilabel a string with `separator` between classes, or 0 and 1 [classes] with `names`. The
    rows go once to an unlinked file in the folder for temporary files, so that they can be read in any order.
    """

    tasks: ClassVar = tuple(TASKS)
    function: str = setting(
        help="`module:name`; the module is looked for where you stand, and among what is installed", pattern=r"^[\w.]+:\w+$"
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="keyword arguments for the function")
    names: list[str] = setting(list, "names of the classes, in the order of integer labels")
    rows: int | None = setting(None, "take at most so many rows of each dataset; an endless one needs it", unit="rows", ge=1)
    scratch_gb: float = setting(20, "most room on disk", unit="GB", gt=0)

    def problems(self) -> list[Problem]:
        """The module is looked for and not imported: it may import TensorFlow."""
        module = self.function.partition(":")[0]
        with _standing_here():
            try:
                found = importlib.util.find_spec(module) is not None
            except (ImportError, ValueError, AttributeError):
                found = False
        if found:
            return []
        return [
            Problem(
                _KEY,
                f"no module '{module}' can be found",
                "check the spelling; stand where it is, or install it",
                self.function,
            )
        ]

    def open(self) -> Data:
        made = self._called(self._function())
        scratch = Scratch(int(self.scratch_gb * 1e9), self.function)
        specs, labels, given, ids, digests, places, facts = None, [], [], [], [], [], []
        for name, dataset in made.items():
            structure = self._structure(dataset)
            own = specs_of(structure[0], self.function)
            if specs not in (None, own):
                raise self._wrong("gives splits of different inputs", "give the same inputs in each")
            specs = own
            for number, (inputs, label) in enumerate(self._elements(dataset)):
                contents, place = store(inputs, specs, scratch)
                labels.append(self._label(label, f"{name} {number}".strip()))
                given.append(name)
                ids.append(f"{name} row {number}".strip())
                digests.append(hashlib.sha256(contents).digest())
                places.append(place)
                facts.append(_facts(inputs, specs))
        scratch.finish()
        if self.task == "classification" and len(set(labels)) < 2:
            raise self._wrong(f"gives {len(labels)} rows of fewer than two classes", "a classifier needs two")
        columns = {key: np.array([row[key] for row in facts]) for key in facts[0]}
        splits = np.array(given, object) if any(given) else None
        made_of = column(labels) if self.task == "multilabel" else np.array(labels)
        rows = Rows(np.array(ids, object), made_of, splits, facts=columns, labelling=self.labelling)
        read = reader(scratch, np.array(places, np.int64), specs)
        return split_rows(rows, self.split, read, specs, digests, f"python {self.function}", self.licence)

    def _function(self) -> Callable:
        module, _, name = self.function.partition(":")
        problems = self.problems()
        if problems:
            raise RunError(*problems)
        with _standing_here():
            try:
                loaded = importlib.import_module(module)
            except Exception as error:
                raise self._failed(f"its module cannot be imported ({_at(error)})") from error
        found = getattr(loaded, name, None)
        if not callable(found):
            functions = [key for key, value in vars(loaded).items() if callable(value) and not key.startswith("_")]
            raise self._wrong(f"module '{module}' has no function '{name}'", nearest(name, functions))
        return found

    def _called(self, function: Callable) -> dict[str, Any]:
        """Datasets by split; under '' where there is one without a name."""
        import tensorflow as tf

        try:
            made = function(**self.arguments)
        except Exception as error:
            raise self._failed(f"raised {_at(error)}") from error
        datasets = dict(made) if isinstance(made, Mapping) else {"": made}
        for name, dataset in datasets.items():
            if not isinstance(dataset, tf.data.Dataset):
                rule = f"gives {type(dataset).__name__}{f' for {name!r}' if name else ''}, and no tf.data.Dataset"
                raise self._wrong(rule, "give one tf.data.Dataset, or a dict of them by split")
            if name and split_name(str(name)) is None:
                raise self._wrong(f"gives a split called {name!r}", "call them train, validation and test")
        if not datasets:
            raise self._wrong("gives an empty dict", "give one tf.data.Dataset, or a dict of them by split")
        return {str(name): dataset for name, dataset in datasets.items()}

    def _structure(self, dataset) -> tuple[Any, Any]:
        """Element specs of inputs and label."""
        import tensorflow as tf

        spec = dataset.element_spec
        if not (isinstance(spec, tuple) and len(spec) == 2):
            raise self._wrong(f"gives elements that are no pair (inputs, label): {shorten(spec)}", "map them to such pairs")
        if not (isinstance(spec[1], tf.TensorSpec) and self._fits(spec[1])):
            what, way_out = _LABELS[self.task]
            raise self._wrong(f"gives labels that are no {what}: {shorten(spec[1])}", way_out)
        if self.rows is None and dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise self._wrong("gives a dataset without an end", "set dataset.rows, or leave out its repeat()")
        return spec

    def _fits(self, label) -> bool:
        """Can it be a label of the task? label: tf.TensorSpec."""
        import tensorflow as tf

        whole = label.dtype.is_integer or label.dtype == tf.bool
        if self.task == "regression":
            return label.shape.rank == 0 and (whole or label.dtype.is_floating)
        if label.shape.rank == 0:
            return label.dtype == tf.string or (whole and self.task == "classification")
        return self.task == "multilabel" and whole and label.shape == [len(self.names)]

    def _elements(self, dataset):
        dataset = dataset if self.rows is None else dataset.take(self.rows)
        try:
            yield from without_autotune(dataset).as_numpy_iterator()
        except RunError:
            raise
        except Exception as error:  # whatever the user's own code raises
            raise self._failed(f"raised while its rows were read: {_inside(error)}") from error

    def _label(self, label: Any, row: str) -> Any:
        if self.task == "regression":
            return float(label)
        if np.ndim(label):
            return tuple(name for name, has in zip(self.names, label, strict=True) if has)
        if isinstance(label, bytes):
            if not label and self.task == "classification":
                raise self._wrong(f"gives an empty label in row {row}", "give every row a label")
            return label.decode("utf-8", errors="replace")
        number = int(label)
        if not self.names:
            return number
        if not 0 <= number < len(self.names):
            raise self._wrong(
                f"gives the label {number} in row {row}, and dataset.names has {len(self.names)}", "labels count from 0"
            )
        return self.names[number]

    def _wrong(self, rule: str, way_out: str) -> RunError:
        return RunError(Problem(_KEY, rule, way_out, self.function))

    def _failed(self, rule: str) -> RunError:
        return self._wrong(rule, "mend the function; debug=true shows the traceback")


class _standing_here:
    """The folder one stands in is where modules of one's own are, however tfrun was started."""

    def __enter__(self) -> None:
        self._added = os.getcwd() not in sys.path
        if self._added:
            sys.path.insert(0, os.getcwd())
        importlib.invalidate_caches()

    def __exit__(self, *_: object) -> None:
        if self._added and os.getcwd() in sys.path:
            sys.path.remove(os.getcwd())


def _at(error: Exception) -> str:
    """The error and the last line of the user's own that led to it."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}, {error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith("<frozen") and "site-packages" not in frame.filename]
    (last,) = [frame for frame in own if frame.filename != __file__][-1:] or frames[-1:]
    return f"{type(error).__name__}: {shorten(error)}, {last.filename}:{last.lineno}"


def _inside(error: Exception) -> str:
    """An exception of a generator comes as the text of its traceback, from which the last place and line count."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    places = [line for line in lines if line.startswith("File ")]
    raised = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception")) and " " not in line.split(":")[0]]
    if not (places and raised):
        return f"{type(error).__name__}: {shorten(lines[0] if lines else error)}"
    file, line = places[-1].split('"')[1], places[-1].rpartition("line ")[2].partition(",")[0]
    return f"{shorten(raised[-1])}, {file}:{line}"


def _facts(inputs: Any, specs) -> dict[str, Any]:
    """For Split.facts, of one row: how its picture looks, and its single numbers and words."""
    parts = inputs if isinstance(inputs, Mapping) else {specs[0].name: inputs}
    facts: dict[str, Any] = {}
    for spec in specs:
        value = parts[spec.name]
        if spec.kind == "image":
            brightness, dhash = looks(value)
            facts |= {"height": value.shape[0], "width": value.shape[1], "brightness": brightness, "dhash": np.uint64(dhash)}
        elif spec.kind == "category":
            facts[spec.name] = value.decode("utf-8", errors="replace")
        elif spec.kind == "number" and spec.shape == ():
            facts[spec.name] = float(value)
    return facts
