"""The first training pictures as they are and as training sees them, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.model import Model

_ROWS = 8


def augmented(experiment: Experiment, model: Model, data: Data) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Id, transformed picture and augmented picture of the first examples of the run, uint8 [height, width, channels].

    Empty where rows are no pictures, or the augmentation leaves them as they are.
    """
    shape = model.transform.output_shape
    if data.kind != "image" or not experiment.augment.changes_inputs or len(shape) != 3 or shape[-1] not in (1, 3):
        return []
    from tfrun.augment.none import NoAugment
    from tfrun.training.order import order
    from tfrun.training.stream import input_batches

    split, seed = data.splits["train"], experiment.seed
    count = min(_ROWS, len(split))
    plain, changed = (
        next(iter(input_batches(model, split, augment, count, seed)))[0].numpy()
        for augment in (NoAugment(), experiment.augment)
    )
    names = split.ids[order(len(split), seed, 0, count)]
    return [(str(name), _pixels(one), _pixels(other)) for name, one, other in zip(names, plain, changed, strict=True)]


def _pixels(image: np.ndarray) -> np.ndarray:
    return (image.clip(0, 1) * 255).round().astype(np.uint8)
