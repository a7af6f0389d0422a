"""Which row goes to which split: as the data say, or stratified by label with no group on two sides."""

from __future__ import annotations

import numpy as np

from tfrun.config.problems import Problem, RunError
from tfrun.dataset import SPLITS, SplitBy

_SPELLINGS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "holdout": "test", "eval": "test",
}  # fmt: skip


def split_name(text: str) -> str | None:
    """The standard name for what the data call a split, or None."""
    return _SPELLINGS.get(text.strip().lower())


def assign(labels: np.ndarray, by: SplitBy, given: np.ndarray | None = None, groups: np.ndarray | None = None) -> np.ndarray:
    """The split of each row, strings [rows].

    labels: int [rows]. given: strings [rows], the split the data name, '' where they name none.
    groups: strings [rows]; rows of one group land in one split. A validation split that the data do not give is
    taken from the training rows, a test split from all others.
    Raises RunError when a given group straddles splits, or a split comes out empty.
    """
    result = np.full(len(labels), "", dtype="<U10")
    if given is not None:
        for row, text in enumerate(given):
            name = split_name(str(text)) if str(text).strip() else ""
            if name is None:
                rule = f"row {row + 1} has the unknown split '{text}'"
                raise RunError(Problem("dataset.index", rule, "use train, validation or test"))
            result[row] = name
    groups = np.arange(len(labels)).astype(str) if groups is None else groups.astype(str)
    has = {name for name in SPLITS if (result == name).any()}
    if not has or (result == "").any():
        _follow_their_group(result, groups)
        open_rows = np.flatnonzero(result == "")
        shares = {"validation": 0.0 if "validation" in has else by.validation, "test": 0.0 if "test" in has else by.test}
        result[open_rows] = _share_out(labels[open_rows], groups[open_rows], shares, by.seed)
    else:
        for name, share in (("test", by.test), ("validation", by.validation)):
            if name not in has and share:
                rows = np.flatnonzero(result == "train")
                result[rows] = _share_out(labels[rows], groups[rows], {name: share}, by.seed)
    _refuse_straddling(result, groups)
    _refuse_empty(result, by, len(np.unique(groups)))
    return result


def _follow_their_group(result: np.ndarray, groups: np.ndarray) -> None:
    """A row without a given split goes where others of its group are."""
    known = dict(zip(groups[result != ""], result[result != ""], strict=True))
    for row in np.flatnonzero(result == ""):
        result[row] = known.get(groups[row], "")


def _share_out(labels: np.ndarray, groups: np.ndarray, shares: dict[str, float], seed: int) -> np.ndarray:
    """Whole groups, largest first, each to the split that lacks most of its labels; ties go by `seed`.

    After Sechidis et al., "On the Stratification of Multi-Label Data", 2011, with a group in the place of an example.
    """
    names = [name for name, share in shares.items() if share] + ["train"]
    wanted_shares = np.array([shares[name] for name in names[:-1]] + [1 - sum(shares.values())])
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


def _refuse_empty(result: np.ndarray, by: SplitBy, groups: int) -> None:
    for name in SPLITS:
        if not (result == name).any() and not (name == "validation" and by.validation == 0):
            rule = f"no row is left for {name} of {len(result)} rows in {groups} groups"
            raise RunError(Problem(f"dataset.split.{name}", rule, "give more rows, smaller groups or other shares"))
