"""6,000 short texts in three classes and four domains that ship with the package (MIT licence)."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

import numpy as np

from tfrun.component import setting
from tfrun.dataset import Data, Dataset, InputSpec
from tfrun.dataset.table import Rows, split_rows

_FILE = Path(__file__).resolve().parent.parent / "samples" / "sentiment" / "sentiment.csv.gz"


class Sentiment(Dataset):
    """Tweets, reviews of movies and products, editorials, rated by people: negative, neutral, positive; column domain."""

    licence: str = setting("MIT", "licence of the data, for the model card")

    def row_kind(self):
        return "text"

    def open(self) -> Data:
        import tensorflow as tf

        with gzip.open(_FILE, "rt", encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))

        def column(name: str) -> np.ndarray:
            return np.array([record[name] for record in records], object)

        text, domain = column("text"), column("domain")
        rows = Rows(domain + "/" + column("id"), column("label"), columns={"domain": domain}, facts={"text": text})
        texts = tf.constant([line.encode() for line in text])

        def read(row):
            return {"text": tf.gather(texts, row)}

        inputs = (InputSpec("text", "string", (), "text"),)
        digests = (hashlib.sha256(line.encode()).digest() for line in text)
        return split_rows(rows, self.split, read, inputs, digests, "tfrun sample: sentiment", self.licence, reads_batches=True)

    def slice_columns(self) -> list[str]:
        return ["domain"]
