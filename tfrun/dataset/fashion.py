"""2,000 product photos in 10 classes that ship with the package (Fashion-MNIST, MIT licence)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tfrun.component import setting
from tfrun.dataset import Data, Dataset, InputSpec
from tfrun.dataset.table import Rows, split_rows

_FILE = Path(__file__).resolve().parent.parent / "samples" / "fashion" / "fashion.npz"


class Fashion(Dataset):
    """28 x 28 grey product photos, shown as RGB; stratified splits of 1,300 / 300 / 400 rows by default."""

    licence: str = setting("MIT", "licence of the data, for the model card")

    def row_kind(self):
        return "image"

    def open(self) -> Data:
        import tensorflow as tf

        with np.load(_FILE) as stored:
            images, labels, names = stored["images"], stored["labels"], stored["names"]
            files, origin = stored["files"], stored["split"]
        rows = Rows(files, names[labels], columns={"origin": origin}, facts={"brightness": images.mean(axis=(1, 2))})

        def read(row):
            return {"image": tf.repeat(tf.gather(images, row)[..., None], 3, axis=-1)}

        inputs = (InputSpec("image", "uint8", (None, None, 3)),)
        digests = (hashlib.sha256(image.tobytes()).digest() for image in images)
        return split_rows(rows, self.split, read, inputs, digests, "tfrun sample: fashion", self.licence, reads_batches=True)

    def slice_columns(self) -> list[str]:
        return ["origin"]
