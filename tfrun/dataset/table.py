"""Rows before they are split: names, labels, given splits, groups and further columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tfrun.dataset import SPLITS, Data, InputSpec, Skipped, Split, SplitBy, digest_rows, picked
from tfrun.dataset.labels import Labelling, Labels
from tfrun.dataset.splitting import assign


@dataclass(frozen=True)
class Rows:
    """ids: strings [rows]. labels: as the data have them, see `Labelling.of`. given: the split that the data name, or None.
    groups: or None. facts: see Split. names: of the classes, where labels come as 0 and 1 for each.
    """

    ids: np.ndarray
    labels: np.ndarray
    given: np.ndarray | None = None
    groups: np.ndarray | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
    labelling: Labelling = field(default_factory=Labelling)
    names: tuple[str, ...] = ()

    @cached_property
    def encoded(self) -> Labels:
        """Raises RunError where a label is none of the task."""
        return self.labelling.of(self.labels, self.ids, self.names)

    def keep(self, positions: np.ndarray) -> Rows:
        def pick(values):
            return None if values is None else values[positions]

        columns, facts = picked(self.columns, positions), picked(self.facts, positions)
        return replace(
            self, ids=self.ids[positions], labels=self.labels[positions], given=pick(self.given), groups=pick(self.groups),
            columns=columns, facts=facts,
        )  # fmt: skip


def split_rows(
    rows: Rows,
    by: SplitBy,
    read: Callable,
    inputs: tuple[InputSpec, ...],
    digests: Iterable[bytes] | np.ndarray,
    source: str,
    licence: str,
    skipped: tuple[Skipped, ...] = (),
    reads_batches: bool = False,
) -> Data:
    """read, reads_batches: see Split. digests: a hash of each row's input, in the order of rows, over all that `read` makes it from."""
    content = digests if isinstance(digests, np.ndarray) else digest_rows(digests)
    labels = rows.encoded
    where = assign(labels.strata, by, rows.given, rows.groups, rows.columns)
    splits = {}
    for name in SPLITS:
        positions = np.flatnonzero(where == name)
        if len(positions):
            own = rows.keep(positions)
            splits[name] = Split(
                name, labels.values[positions], own.ids, read, own.columns, positions, content[positions], own.facts,
                reads_batches,
            )  # fmt: skip
    return Data(
        splits, labels.classes, inputs, _fingerprint(content, rows, where), source, licence, skipped, task=rows.labelling.task
    )


def _fingerprint(content: np.ndarray, rows: Rows, where: np.ndarray) -> str:
    """sha256 over contents, names, labels and splits of all rows, in order."""
    digest = hashlib.sha256(np.ascontiguousarray(content))
    labels = [rows.labelling.written(label) for label in rows.labels.tolist()]
    for column in (rows.ids.tolist(), labels, where.tolist()):
        digest.update("\0".join(map(str, column)).encode() + b"\n")
    return digest.hexdigest()
