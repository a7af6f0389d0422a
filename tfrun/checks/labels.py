"""What can be wrong with labels: none of some class, one class only, classes that training never shows."""

from __future__ import annotations

from collections.abc import Iterator

from tfrun.checks import Checks
from tfrun.checks.anomaly import Anomaly, few, named
from tfrun.checks.column import Column
from tfrun.checks.split import SplitAccumulator

_MOST_CLASSES = 1000


def classes(column: Column) -> dict[str, int] | None:
    """Rows by class, the most frequent first; None where the label is a number to predict, or there are more than 1,000."""
    if column.kind == "string":
        found = column.strings.frequencies
        return dict(found.top()) if not found.error and len(found.counts) <= _MOST_CLASSES else None
    spread = column.numbers.spread
    if column.kind == "int" and not spread.level and len(spread.keys) <= _MOST_CLASSES:
        return {f"{value:g}": count for value, count in spread.top(_MOST_CLASSES)}
    return None


def label_anomalies(splits: dict[str, SplitAccumulator], label: str, checks: Checks) -> Iterator[Anomaly]:
    if not splits["train"].rows:
        return  # said already
    if label not in splits["train"].columns:
        text = f"is missing: the label '{label}' is no column of train; name another label, or mend the reader"
        yield Anomaly(label, "missing_label", "train", text)
        return
    column = splits["train"].columns[label]
    if not column.present:
        return  # said already
    known = classes(column)
    if _different(column) == 1:
        text = "is the same in every row of train: there is nothing to learn; see how the rows were drawn"
        yield Anomaly(label, "constant_label", "train", text, 1, 2, few(known or [f"{column.numbers.low:g}"]))
    if known is None:
        return
    rare = {name: count for name, count in known.items() if count < checks.rare_class}
    if rare:
        shown = tuple(f"{name} ({rare[name]})" for name, _ in zip(rare, range(5)))
        text = f"has classes with fewer rows than checks.rare_class = {checks.rare_class}: {named(shown, len(rare))}"
        text += "; add rows, or join classes"
        yield Anomaly(label, "rare_class", "train", text, min(rare.values()), checks.rare_class, few(rare))
    for name, split in splits.items():
        found = classes(split.columns[label]) if name != "train" and label in split.columns else None
        unseen = {value: count for value, count in (found or {}).items() if value not in known}
        if unseen:
            share = sum(unseen.values()) / max(sum(found.values()), 1)
            shown = tuple(f"{value} ({count:,} rows)" for value, count in list(unseen.items())[:5])
            text = f"has classes that train never shows: {named(shown, len(unseen))}; stratify the split, or mend the labels"
            yield Anomaly(label, "unseen_label", name, text, share, 0.0, few(unseen))


def constant_features(split: SplitAccumulator) -> Iterator[Anomaly]:
    for name in set(split.inputs()) - set(split.roles.facts):
        column = split.columns[name]
        if column.present == split.rows > 1 and _different(column) == 1:
            text = "is the same in every row of train, so it tells nothing; leave it out"
            yield Anomaly(name, "constant", "train", text, 1, 2, severity="warning")


def mixed_types(split: SplitAccumulator, name: str) -> Iterator[Anomaly]:
    """Columns whose values are numbers in some rows and strings in others."""
    for feature, column in split.columns.items():
        kinds = {"number" if kind in ("int", "float") else kind: 0 for kind in column.kinds}
        for kind, count in column.kinds.items():
            kinds["number" if kind in ("int", "float") else kind] += count
        if len(kinds) > 1:
            shown = ", ".join(f"{count:,} {kind}s" if kind != "bytes" else f"{count:,} bytes" for kind, count in kinds.items())
            share = min(kinds.values()) / max(column.values, 1)
            yield Anomaly(feature, "mixed_types", name, f"mixes kinds of values: {shown}; make all of them one", share, 0.0)


def not_finite(split: SplitAccumulator, name: str) -> Iterator[Anomaly]:
    for feature in dict.fromkeys([*split.inputs(), split.roles.label]):
        column = split.columns.get(feature)
        if column is None:
            continue
        for kind, count, word in (("nan", column.numbers.nan, "NaN"), ("infinity", column.numbers.infinite, "infinities")):
            if count:
                rows = few(column.not_finite[kind])
                where = f" ({named(rows, count)})" if rows else ""
                text = f"has {count:,} {word}{where}; make them missing values, or mend what computed them"
                yield Anomaly(feature, kind, name, text, count / column.values, 0.0, rows)


def _different(column: Column) -> int:
    return len(column.numbers.spread.keys) if column.numbers.count else int(column.strings.distinct)
