"""Rows of a table to one vector of numbers, fitted on the training split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.transform import Transform

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data, InputSpec, Split
    from tfrun.transform.part import Part

_AT_ONCE = 8192  # rows that are looked at at once while fitting


class Table(Transform):
    """Numbers, categories, times and texts to float32 [batch, columns], by Keras layers fitted on the training split only.

    Numbers are standardised or bucketed, categories one-hot (rare values together, too many hashed), times parts of the
    calendar, texts tf-idf. What is missing gets the mean and a sign (numbers, times) or is a value of its own (categories).
    """

    numbers: Literal["standardise", "quantiles", "both"] = setting(
        "standardise", "standardise: mean 0, variance 1; quantiles: one-hot of buckets with equal shares of the training rows"
    )
    buckets: int = setting(10, "buckets of a number, also where it is crossed", ge=2, le=1000)
    min_count: int = setting(10, "training rows that a value of a category needs for a column of its own", unit="rows", ge=1)
    max_categories: int = setting(500, "a category with more frequent values than that is hashed", ge=1)
    hash_bins: int = setting(100, "columns of a hashed category", ge=2)
    crosses: list[Annotated[list[str], Field(min_length=2)]] = setting(
        list, "columns whose values count together, e.g. [[carrier, origin]]: categories and numbers (by bucket)"
    )
    cross_bins: int = setting(500, "columns of a cross; more combinations are hashed into these", ge=2)
    dates: list[Literal["year", "month", "day", "weekday", "hour"]] = setting(
        lambda: ["year", "month", "weekday", "hour"], "what is taken of a time (UTC)", min_length=1
    )
    cyclic: bool = setting(True, "month, day, weekday and hour as points on a circle; false: one-hot")
    max_terms: int = setting(1000, "words of a text that count, the most frequent ones", ge=2)

    def build(self, data: Data, backbone: Backbone):
        from tfrun.backbone.none import NoBackbone
        from tfrun.transform.crosses import Cross
        from tfrun.transform.table_module import TableTransform

        if data.kind not in ("table", "text"):
            raise RunError(
                Problem("transform", f"takes tables, the data are of kind {data.kind}", "use transform=auto", "table")
            )
        if not isinstance(backbone, NoBackbone):
            name = type(backbone).__name__
            raise RunError(Problem("backbone", "takes no table: a table is a vector of numbers", "use backbone=none", name))
        parts = {spec.column or spec.name: self._part(spec, {one.name for one in data.inputs}) for spec in data.inputs}
        problems = list(self._wrong_crosses(data.inputs))
        if problems:
            raise RunError(*problems)
        for raw in _batches(data.splits["train"]):
            for part in parts.values():
                part.see(raw[part.spec.name])
        for part in parts.values():
            part.settle()
        crosses = [Cross([parts[name] for name in names], self.cross_bins) for names in self.crosses]
        transform = TableTransform(list(parts.values()), crosses)
        transform(
            data.splits["train"].read(data.splits["train"].positions[:1])
        )  # layers make their constants here, in no graph
        return transform

    def _part(self, spec: InputSpec, taken: set[str]) -> Part:
        from tfrun.transform.categories import CategoryPart
        from tfrun.transform.dates import DatePart
        from tfrun.transform.numbers import NumberPart
        from tfrun.transform.terms import TextPart

        if spec.kind == "category":
            return CategoryPart(spec, self.min_count, self.max_categories, self.hash_bins)
        if spec.kind == "time":
            return DatePart(spec, list(dict.fromkeys(self.dates)), self.cyclic, taken)
        if spec.kind == "text":
            return TextPart(spec, self.max_terms, taken)
        crossed = any((spec.column or spec.name) in names for names in self.crosses)
        buckets = self.buckets if crossed or self.numbers != "standardise" else 0
        return NumberPart(spec, self.numbers != "quantiles", buckets, taken)

    def _wrong_crosses(self, specs: tuple[InputSpec, ...]) -> Iterator[Problem]:
        kinds = {spec.column or spec.name: spec.kind for spec in specs}
        for name in dict.fromkeys(name for names in self.crosses for name in names):
            if name not in kinds:
                yield Problem("transform.crosses", "is no feature", nearest(name, kinds), name)
            elif kinds[name] not in ("category", "number"):
                yield Problem("transform.crosses", f"is a {kinds[name]}", "cross categories and numbers", name)


def _batches(split: Split) -> Iterator[dict[str, np.ndarray]]:
    """Raw batches of all rows."""
    import tensorflow as tf

    for start in range(0, len(split), _AT_ONCE):
        positions = split.positions[start : start + _AT_ONCE]
        if split.reads_batches:
            yield {name: value.numpy() for name, value in split.read(tf.constant(positions)).items()}
        else:
            rows = list(split.take(np.arange(start, start + len(positions))).inputs())
            yield {name: np.array([row[name] for row in rows]) for name in rows[0]}
