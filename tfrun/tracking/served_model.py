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
            self._inputs = json.load(file)["signatures"]["serving_default"]["inputs"]

    def predict(self, context, model_input, params=None):
        """model_input: {input name: batch}, a data frame, or the batch of the only input. Returns {output name: numpy array}."""
        import tensorflow as tf

        named = isinstance(model_input, dict) or hasattr(model_input, "columns")
        rows = model_input if named else {self._inputs[0]["name"]: model_input}
        batch = {spec["name"]: tf.constant(_array(rows[spec["name"]], spec["dtype"])) for spec in self._inputs}
        return {key: value.numpy() for key, value in self._signature(**batch).items()}


def _array(values, dtype):
    if dtype == "string":  # of `instances`, MLflow makes an array of each string
        return np.asarray([value.item() if isinstance(value, np.ndarray) else value for value in values], object)
    return np.asarray(values, dtype)


mlflow.models.set_model(ServedModel())
