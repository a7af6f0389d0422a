"""Which row goes to which split: as the data say, by values, by time, or stratified with no group on two sides."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfrun.config.problems import Problem, RunError, nearest, shorten
from tfrun.dataset import SPLITS, SplitBy

_SPELLINGS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "holdout": "test", "eval": "test",
}  # fmt: skip


def split_name(text: str) -> str | None:
    """The standard name for what the data call a split, or None."""
    return _SPELLINGS.get(text.strip().lower())


def assign(
    labels: np.ndarray,
    by: SplitBy,
    given: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    columns: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """The split of each row, strings [rows].

    labels: int [rows]. given: strings [rows], the split the data name, '' where they name none.
    groups: strings [rows]; rows of one group land in one split. columns: strings [rows] each, for `by.time` and `by.values`.
    Splits that neither the data nor `by.values` name are taken from the rows that are left: by time, or stratified by label.
    Where none is left, they are taken from the training rows.
    Raises RunError when a given group straddles splits, or a split comes out empty.
    """
    result = np.full(len(labels), "", dtype="<U10") if given is None else _named(given)
    if by.values:
        _by_values(result, by, columns or {})
    groups = None if groups is None else groups.astype(str)
    times = None if by.time is None else as_times(_column(columns or {}, by.time, "dataset.split.time"), by.time)

    def share_out(rows: np.ndarray, shares: dict[str, float]) -> np.ndarray:
        if times is not None:
            return in_order(times[rows], shares, by.time)
        own = labels[rows] if by.stratify else np.zeros(len(rows), int)
        return _singles(own, shares, by.seed) if groups is None else _share_out(own, groups[rows], shares, by.seed)

    if (result == "").any():
        if groups is not None:
            _follow_their_group(result, groups)
        left = np.flatnonzero(result == "")
        result[left] = share_out(left, _open_shares(by, {name for name in SPLITS if (result == name).any()}, len(left)))
    else:
        for name, share in (("test", by.test), ("validation", by.validation)):
            if share and not (result == name).any():
                rows = np.flatnonzero(result == "train")
                result[rows] = share_out(rows, {name: share, "train": 1 - share})
    if groups is not None:
        _refuse_straddling(result, groups)
    _refuse_empty(result, by, groups)
    return result


def _named(given: np.ndarray) -> np.ndarray:
    known, inverse = np.unique(given.astype(str), return_inverse=True)
    names = [split_name(text) if text.strip() else "" for text in known]
    for text, name in zip(known, names, strict=True):
        if name is None:
            rule = f"row {int(np.flatnonzero(given.astype(str) == text)[0]) + 1} has the unknown split '{text}'"
            raise RunError(Problem("dataset.index", rule, "use train, validation or test"))
    return np.array(names, dtype="<U10")[inverse]


def _open_shares(by: SplitBy, has: set[str], rows: int) -> dict[str, float]:
    """What the rows that are left are shared out to. A split that `by.values` names gets no other rows."""
    shares = {"validation": 0.0 if "validation" in has else by.validation, "test": 0.0 if "test" in has else by.test}
    shares["train"] = 1 - sum(shares.values())
    open_ones = {name: share for name, share in shares.items() if share and name not in by.values}
    if not open_ones:
        rule = f"{rows} rows are in none of them, and no split is left to take them"
        raise RunError(Problem("dataset.split.values", rule, "leave out the split that is to have all other rows"))
    return {name: share / sum(open_ones.values()) for name, share in open_ones.items()}


def _by_values(result: np.ndarray, by: SplitBy, columns: Mapping[str, np.ndarray]) -> None:
    """Rows whose columns all hold one of the values named go to that split."""
    for name, wanted in by.values.items():
        inside = np.ones(len(result), bool)
        for column, values in wanted.items():
            held = _column(columns, column, f"dataset.split.values.{name}")
            inside &= np.isin(held.astype(str), [shorten(value) for value in values])
        clash = np.flatnonzero(inside & (result != "") & (result != name))
        if len(clash):
            rule = f"row {clash[0] + 1} is in {result[clash[0]]} too"
            raise RunError(Problem(f"dataset.split.values.{name}", rule, "let each row be in one split"))
        result[inside] = name


def _column(columns: Mapping[str, np.ndarray], name: str, key: str) -> np.ndarray:
    if name not in columns:
        way_out = nearest(name, columns) or "the data have no further columns"
        raise RunError(Problem(key, "is no column of the data", way_out, name))
    return columns[name]


def as_times(values: np.ndarray, name: str) -> np.ndarray:
    """values: strings [rows], numbers or ISO 8601 dates. float64 [rows]. Raises RunError where one is neither."""
    known, inverse = np.unique(values.astype(str), return_inverse=True)
    try:
        try:
            times = known.astype(np.float64)
        except ValueError:
            stamps = known.astype("datetime64[us]")
            times = np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64).astype(np.float64))
    except ValueError as error:
        rule = f"holds what is neither a number nor a date like 2013-01-31 or 2013-01-31T09:30:00 ({shorten(error, 80)})"
        raise RunError(Problem("dataset.split.time", rule, "mend the column", name)) from error
    if np.isnan(times).any():
        rule = f"row {int(np.flatnonzero(np.isnan(times[inverse]))[0]) + 1} has none"
        raise RunError(Problem("dataset.split.time", rule, "fill it in, or remove the row", name))
    return times[inverse]


def in_order(times: np.ndarray, shares: dict[str, float], name: str) -> np.ndarray:
    """The earliest rows to train, the latest to test. times: float64 [rows]; rows of one time stay together.

    Cuts are where shares come nearest to those wanted. Raises RunError where there are fewer times than splits.
    """
    names = [split for split in SPLITS if shares.get(split)]
    moments, where, counts = np.unique(times, return_inverse=True, return_counts=True)
    if len(moments) < len(names):
        rule = f"holds {len(moments)} different times for {len(names)} splits"
        raise RunError(Problem("dataset.split.time", rule, "choose a finer column", name))
    before = np.concatenate([[0], np.cumsum(counts)])  # rows before each moment
    wanted = np.cumsum([shares[split] for split in names])[:-1] * len(times)
    first = 0
    chosen = np.zeros(len(moments), int)
    for number, rows in enumerate(wanted, start=1):
        candidates = np.arange(first + 1, len(moments) - (len(names) - number) + 1)
        first = int(candidates[np.argmin(np.abs(before[candidates] - rows))])
        chosen[first:] = number
    return np.array(names, dtype="<U10")[chosen[where]]


def _singles(labels: np.ndarray, shares: dict[str, float], seed: int) -> np.ndarray:
    """`_share_out` where each row is a group of its own: the same answer, in a hundredth of the time."""
    names = [name for name in ("validation", "test", "train") if shares.get(name)]
    classes, label_of = np.unique(labels, return_inverse=True)
    counts = np.bincount(label_of, minlength=len(classes))
    lacking = [[shares[name] * count for name in names] for count in counts.tolist()]
    total = [sum(row[number] for row in lacking) for number in range(len(names))]
    by_name = np.argsort(np.arange(len(labels)).astype(str))  # the order that groups named by their row have
    order = by_name[np.random.default_rng(seed).permutation(len(labels))]
    chosen = np.empty(len(labels), int)
    for row, label in zip(order.tolist(), label_of[order].tolist(), strict=True):
        own = lacking[label]
        need = [rows + 1e-9 * every for rows, every in zip(own, total)]
        best = need.index(max(need))
        own[best] -= 1
        total[best] -= 1
        chosen[row] = best
    return np.array(names, dtype="<U10")[chosen]


def _follow_their_group(result: np.ndarray, groups: np.ndarray) -> None:
    """A row without a given split goes where others of its group are."""
    known = dict(zip(groups[result != ""], result[result != ""], strict=True))
    for row in np.flatnonzero(result == ""):
        result[row] = known.get(groups[row], "")


def _share_out(labels: np.ndarray, groups: np.ndarray, shares: dict[str, float], seed: int) -> np.ndarray:
    """Whole groups, largest first, each to the split that lacks most of its labels; ties go by `seed`.

    After Sechidis et al., "On the Stratification of Multi-Label Data", 2011, with a group in the place of an example.
    """
    names = [name for name in ("validation", "test", "train") if shares.get(name)]
    wanted_shares = np.array([shares[name] for name in names])
    classes, label_of = np.unique(labels, return_inverse=True)
    members, group_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(members), len(classes)))
    np.add.at(counts, (group_of, label_of), 1)
    lacking = np.outer(wanted_shares, counts.sum(axis=0))
    shuffled = np.random.default_rng(seed).permutation(len(members))
    order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    chosen = np.empty(len(members), int)
    for group in order:
        need = (lacking * counts[group]).sum(axis=1) / counts[group].sum()
        chosen[group] = int(np.argmax(need + 1e-9 * lacking.sum(axis=1)))
        lacking[chosen[group]] -= counts[group]
    return np.array(names, dtype="<U10")[chosen[group_of]]


def _refuse_straddling(result: np.ndarray, groups: np.ndarray) -> None:
    seen: dict[str, str] = {}
    for name, group in zip(result, groups, strict=True):
        if seen.setdefault(group, name) != name:
            rule = f"'{group}' is in {seen[group]} and in {name}, so the test would know its answers"
            raise RunError(Problem("dataset.group", rule, "mend the split column of the index"))


def _refuse_empty(result: np.ndarray, by: SplitBy, groups: np.ndarray | None) -> None:
    for name in SPLITS:
        if not (result == name).any() and not (name == "validation" and by.validation == 0):
            count = len(result) if groups is None else len(np.unique(groups))
            rule = f"no row is left for {name} of {len(result)} rows in {count} groups"
            raise RunError(Problem(f"dataset.split.{name}", rule, "give more rows, smaller groups or other shares"))
