"""Rows before they are split: names, labels, given splits, groups and further columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from tfrun.dataset import SPLITS, Data, InputSpec, Skipped, Split, SplitBy, digest_rows
from tfrun.dataset.splitting import assign


@dataclass(frozen=True)
class Rows:
    """ids and labels: strings [rows]. given: the split that the data name, or None. groups: or None."""

    ids: np.ndarray
    labels: np.ndarray
    given: np.ndarray | None = None
    groups: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    def keep(self, positions: np.ndarray) -> Rows:
        def pick(values):
            return None if values is None else values[positions]

        columns = {name: values[positions] for name, values in self.columns.items()}
        return Rows(self.ids[positions], self.labels[positions], pick(self.given), pick(self.groups), columns)


def split_rows(
    rows: Rows,
    by: SplitBy,
    read: Callable,
    spec: InputSpec,
    digests: Iterable[bytes],
    source: str,
    licence: str,
    skipped: tuple[Skipped, ...] = (),
) -> Data:
    """read: see Split. digests: a hash of each row's input, in the order of rows, over all that `read` makes it from."""
    content = digest_rows(digests)
    classes, labels = np.unique(rows.labels, return_inverse=True)
    where = assign(labels, by, rows.given, rows.groups)
    splits = {}
    for name in SPLITS:
        positions = np.flatnonzero(where == name)
        if len(positions):
            columns = {column: values[positions] for column, values in rows.columns.items()}
            picked = (labels[positions].astype(np.int32), rows.ids[positions], read, columns, positions, content[positions])
            splits[name] = Split(name, *picked)
    digest = hashlib.sha256()
    for item, identity, label, split in zip(content, rows.ids, rows.labels, where, strict=True):
        digest.update(item.tobytes() + f"\0{identity}\0{label}\0{split}\n".encode())
    return Data(splits, tuple(map(str, classes)), spec, digest.hexdigest(), source, licence, skipped)
