"""The model: transform, backbone and head, from raw inputs to class probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tfrun.backbone import BackboneFacts
from tfrun.config.problems import Problem, RunError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from tfrun.dataset import Data, InputSpec, Split
    from tfrun.experiment import Experiment


@dataclass(frozen=True)
class Model:
    """transform: raw batch -> float32 inputs. backbone: inputs -> features. head: features -> logits [batch, classes]."""

    transform: tf.Module
    backbone: keras.Layer
    head: keras.Model
    classes: tuple[str, ...]
    input: InputSpec
    facts: BackboneFacts

    def probabilities(self, raw: tf.Tensor) -> tf.Tensor:
        """raw: a batch as the user has it. float32 [batch, classes]."""
        import tensorflow as tf

        features = self.backbone(self.transform(raw), training=False)
        return tf.nn.softmax(self.head(features, training=False))

    @property
    def variables(self) -> list[keras.Variable]:
        """All weights, backbone first, in an order that is the same in every run."""
        return [*self.backbone.variables, *(v for v in self.head.variables if "seed_generator" not in v.path)]

    def weights_sha256(self) -> str:
        """Over dtype, shape and bytes of each variable, in order."""
        digest = hashlib.sha256()
        for variable in self.variables:
            value = np.ascontiguousarray(variable.numpy())
            digest.update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
        return digest.hexdigest()

    def inputs(self, split: Split, order: tf.data.Dataset) -> tf.data.Dataset:
        """Transformed inputs and labels one by one in `order` (positions in the split)."""
        import tensorflow as tf

        def transformed(raw, label):
            return self.transform(raw[None])[0], label

        return split.examples(order).map(transformed, num_parallel_calls=tf.data.AUTOTUNE)

    def features(self, split: Split, reach: Callable[[int], None] = lambda rows: None, batch_size: int = 64) -> np.ndarray:
        """The backbone's features of every row in order, float32 [rows, ...]. reach: told how many rows are done."""
        import tensorflow as tf

        batches = self.inputs(split, tf.data.Dataset.range(len(split))).batch(batch_size).prefetch(2)
        features, done = [], 0
        for inputs, _ in batches:
            features.append(self._extract(inputs).numpy())
            done += len(features[-1])
            reach(done)
        return np.concatenate(features)

    @cached_property
    def _extract(self):
        """Compiled once for batches of any size."""
        import tensorflow as tf

        spec = tf.TensorSpec([None, *self.transform.output_shape], tf.float32)
        return tf.function(lambda inputs: self.backbone(inputs, training=False), input_signature=[spec])

    def predict(self, split: Split) -> np.ndarray:
        """Class probabilities of every row in order, float32 [rows, classes]."""
        return self.predict_from_features(self.features(split))

    def predict_from_features(self, features: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        logits = [self.head(features[start : start + 4096], training=False) for start in range(0, len(features), 4096)]
        return tf.nn.softmax(tf.concat(logits, axis=0)).numpy()


def build(experiment: Experiment, data: Data, strategy: tf.distribute.Strategy) -> Model:
    """Raises RunError where the parts do not fit together."""
    transform = experiment.transform.build(data, experiment.backbone)
    backbone, facts = experiment.backbone.build(transform.output_shape, strategy.scope)
    if experiment.training.unfreezes and not facts.notes.get("fine_tunable"):
        rule = "has no trainable variables or can only be called by a signature: it cannot be fine-tuned"
        raise RunError(Problem("backbone.handle", rule, "use training=frozen, or a reusable TF2 SavedModel", facts.handle))
    feature_shape = _feature_shape(backbone, transform.output_shape)
    with strategy.scope():
        head = experiment.head.build(feature_shape, len(data.classes), experiment.seed)
    return Model(transform, backbone, head, data.classes, data.input, facts)


def _feature_shape(backbone, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    import tensorflow as tf

    return tuple(backbone(tf.zeros((1, *input_shape)), training=False).shape[1:])
