"""MLflow loads this file to serve an exported SavedModel. It needs TensorFlow and MLflow, not tfrun."""

import json

import mlflow
import numpy as np


class ServedModel(mlflow.pyfunc.PythonModel):
    """Calls the signature `serving_default` of precisely the files that were exported and measured."""

    def load_context(self, context):
        import tensorflow as tf

        self._signature = tf.saved_model.load(context.artifacts["saved_model"]).signatures["serving_default"]
        with open(context.artifacts["contract"]) as file:
            (self._input,) = json.load(file)["signatures"]["serving_default"]["inputs"]

    def predict(self, context, model_input, params=None):
        """model_input: {input name: batch} or a batch. Returns {output name: numpy array}."""
        import tensorflow as tf

        name = self._input["name"]
        rows = model_input[name] if isinstance(model_input, dict) else model_input
        batch = tf.constant(np.asarray(rows, self._input["dtype"]))
        return {key: value.numpy() for key, value in self._signature(**{name: batch}).items()}


mlflow.models.set_model(ServedModel())
