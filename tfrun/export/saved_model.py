"""TensorFlow SavedModel."""

from __future__ import annotations

import shutil

from tfrun.component import setting
from tfrun.export import Artifact, Export


class SavedModel(Export):
    """For servers: one signature, raw inputs, preprocessing inside, each weight once; loads without tfrun."""

    max_difference: float = setting(
        1e-4,
        "largest difference from the trained model, of probabilities, or of numbers over the standard deviation of the labels",
        gt=0,
    )

    @property
    def target(self) -> str:
        return "saved_model"

    def largest_difference(self, variant: str) -> float:
        return self.max_difference

    def write(self, source):
        path = "exports/saved_model"
        shutil.copytree(source.saved_model, source.run_directory / path)
        return [Artifact(self.target, "default", path, runtime="saved_model")]
