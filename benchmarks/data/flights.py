"""What `experiments/flights.yaml` has to beat: logistic regression of scikit-learn on the same rows, and the majority class.

    python benchmarks/data/flights.py

One-hot words (10 rows or more), standardised numbers with a sign for missing ones; the strength of the penalty is chosen on the
validation rows. Prints a Markdown table.
"""

from __future__ import annotations

import os
import sys

sys.path.pop(0)  # this folder, where csv.py would hide Python's own
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np


def table(data, name: str):
    import pandas as pd

    split = data.splits[name]
    kinds = {spec.name: spec.kind for spec in data.inputs}
    columns = {each: split.columns[each] if kind == "category" else split.facts[each] for each, kind in kinds.items()}
    return pd.DataFrame(columns), split.labels


def regression(data, strength: float):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = [spec.name for spec in data.inputs if spec.kind == "category"]
    numbers = [spec.name for spec in data.inputs if spec.kind == "number"]
    columns = make_column_transformer(
        (OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist"), words),
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
    )
    return make_pipeline(columns, LogisticRegression(C=strength, max_iter=5000)).fit(*table(data, "train"))


def main() -> None:
    from sklearn.metrics import accuracy_score, roc_auc_score

    from tfrun.dataset.flights import Flights

    data = Flights().open()
    models = [regression(data, strength) for strength in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)]

    def auc(model, name: str) -> float:
        rows, labels = table(data, name)
        return roc_auc_score(labels, model.predict_proba(rows)[:, 1])

    best = max(models, key=lambda model: auc(model, "validation"))
    print("| way | validation AUC | test AUC | test accuracy |\n|---|---|---|---|")
    labels = data.splits["test"].labels
    majority = np.bincount(data.splits["train"].labels).argmax()
    print(f"| always '{data.classes[majority]}' | 0.5 | 0.5 | {(labels == majority).mean():.4f} |")
    accuracy = accuracy_score(labels, best.predict(table(data, "test")[0]))
    print(f"| logistic regression | {auc(best, 'validation'):.4f} | {auc(best, 'test'):.4f} | {accuracy:.4f} |")


if __name__ == "__main__":
    main()
