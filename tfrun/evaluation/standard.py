"""The usual classification metrics."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tfrun.component import setting
from tfrun.dataset import SPLITS
from tfrun.evaluation import Evaluation
from tfrun.evaluation.metrics import METRICS

Metric = Literal["loss", "accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "auc", "top_3_accuracy", "brier"]


class Standard(Evaluation):
    """Metrics of the whole split and of slices by column."""

    metrics: list[Metric] = setting(
        lambda: ["loss", "accuracy", "balanced_accuracy", "f1_macro"], "what to measure", min_length=1
    )
    primary: Metric = setting("accuracy", "metric of retention and of headlines; higher must be better")
    splits: list[Literal["train", "validation", "test"]] = setting(lambda: list(SPLITS[1:]), "splits to measure after training")
    slices: list[str] = setting(list, "columns of the data; metrics are given for each of their values")

    def metric_names(self) -> list[str]:
        return list(dict.fromkeys(["loss", "accuracy", self.primary, *self.metrics]))

    def measure(self, labels, probabilities, classes):
        return {name: METRICS[name](labels, probabilities, classes) for name in self.metric_names()}

    def headline(self, labels, probabilities, classes):
        return METRICS[self.primary](labels, probabilities, classes)

    def by_slice(self, labels, probabilities, columns, classes):
        return {
            column: {
                str(value): {
                    **self.measure(labels[columns[column] == value], probabilities[columns[column] == value], classes),
                    "rows": int((columns[column] == value).sum()),
                }
                for value in np.unique(columns[column])
            }
            for column in self.slices
        }
