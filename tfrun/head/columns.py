"""Some columns of the features."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfrun")
class Columns(keras.layers.Layer):
    """float [rows, all] to [rows, places], by a slice where they are neighbours."""

    def __init__(self, places: list[int], **kwargs):
        super().__init__(**kwargs)
        self.places = [*places]

    def call(self, inputs):
        """inputs: [rows, columns]."""
        first, last = self.places[0], self.places[-1]
        if self.places == list(range(first, last + 1)):
            return inputs[:, first : last + 1]
        return tf.gather(inputs, self.places, axis=1)

    def compute_output_shape(self, shape):
        return (shape[0], len(self.places))

    def get_config(self):
        return {**super().get_config(), "places": self.places}
