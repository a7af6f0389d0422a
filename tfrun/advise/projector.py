"""Files for TensorBoard's Embedding Projector: `tensorboard --logdir DIR` shows the features as points, with labels and pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfrun.disk import write_atomically

if TYPE_CHECKING:
    from tfrun.advise.embedded import Embedded

_SIDE, _LARGEST = 48, 8192  # pixels of a picture, and of the sheet that TensorBoard takes
_ROWS = 5000


def write(folder: Path, name: str, some: list[Embedded]) -> None:
    """name: of the tensor. some: data sets in one space, the new one first; of each at most 5,000 rows."""
    folder.mkdir(parents=True, exist_ok=True)
    some = [one.first(_ROWS) for one in some]
    rows = np.concatenate([one.features for one in some]).astype("<f4")
    rows.tofile(folder / "tensors.bytes")
    lines = ["data\tsplit\tlabel\tid"]
    for one in some:
        lines += [
            "\t".join(map(_cell, cells)) for cells in zip([one.name] * len(one), one.splits, one.texts, one.ids, strict=True)
        ]
    write_atomically(folder / "metadata.tsv", "\n".join(lines) + "\n")
    config = ["embeddings {", f'  tensor_name: "{name}"', f"  tensor_shape: [{rows.shape[0]}, {rows.shape[1]}]"]
    config += ['  tensor_path: "tensors.bytes"', '  metadata_path: "metadata.tsv"']
    if all(one.pictures is not None for one in some):
        side = sprite(folder / "sprite.png", [picture for one in some for picture in one.pictures])
        config += ["  sprite {", '    image_path: "sprite.png"', f"    single_image_dim: [{side}, {side}]", "  }"]
    write_atomically(folder / "projector_config.pbtxt", "\n".join([*config, "}"]) + "\n")


def sprite(path: Path, pictures: list[np.ndarray]) -> int:
    """One square sheet of all pictures, row by row, as the projector reads it. Returns the side of one in pixels."""
    from PIL import Image

    across = math.ceil(math.sqrt(len(pictures)))
    side = min(_SIDE, _LARGEST // across)
    sheet = Image.new("RGB", (across * side, across * side), "white")
    for number, pixels in enumerate(pictures):
        picture = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).convert("RGB")
        picture.thumbnail((side, side))
        down, right = divmod(number, across)
        sheet.paste(picture, (right * side + (side - picture.width) // 2, down * side + (side - picture.height) // 2))
    sheet.save(path)
    return side


def _cell(value: object) -> str:
    return " ".join(str(value).split())
