"""One vector of numbers a row, as it is or standardised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.transform import Transform

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data


class Vector(Transform):
    """float32 [batch, d] as it is, or standardised with the mean and the deviation of the training rows."""

    standardise: bool = setting(False, "subtract the mean of each column, and divide by its standard deviation")

    def build(self, data: Data, backbone: Backbone):
        import tensorflow as tf

        if len(data.inputs) != 1 or len(data.inputs[0].shape) != 1 or data.inputs[0].kind != "number":
            rule = f"takes one vector of numbers a row, and these data have {', '.join(spec.name for spec in data.inputs)}"
            raise RunError(Problem("transform", rule, "use transform=auto"))
        (spec,), standardise = data.inputs, self.standardise
        moments = _moments(data) if standardise else ()

        class VectorTransform(tf.Module):
            """Part of the exported graph."""

            output_shape, output_dtype = spec.shape, "float32"
            says = (
                "numbers are standardised in the graph: send them as they are"
                if standardise
                else "numbers are used as they are"
            )

            def __init__(self):
                super().__init__(name="transform")
                self.moments = [tf.Variable(value, dtype=tf.float32, trainable=False) for value in moments]

            def __call__(self, raw):
                values = tf.cast(raw[spec.name], tf.float32)
                if not standardise:
                    return values
                mean, deviation = self.moments
                return (values - mean) / deviation

        return VectorTransform()


def _moments(data: Data):
    """Mean and standard deviation of each column over the training rows, float64 [d]; columns of one value count as deviating by 1."""
    import numpy as np

    total = squares = count = 0
    first = None
    for row in data.splits["train"].inputs():
        values = np.asarray(row[data.inputs[0].name], np.float64)
        first = values if first is None else first
        total, squares, count = total + (values - first), squares + (values - first) ** 2, count + 1
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return first + mean, np.where(deviation > 0, deviation, 1.0)
