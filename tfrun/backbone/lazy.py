"""A backbone that is loaded when it is needed: with its features in the store, a head is trained without it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.backbone import Backbone, BackboneFacts
from tfrun.backbone.garbage import no_collection
from tfrun.store.backbones import BackboneRecord
from tfrun.store.collection import Warn
from tfrun.store.key import code_of, key_of

if TYPE_CHECKING:
    import keras


class LazyBackbone:
    """One backbone on what `transform` gives.

    identity: what decides its outputs, in plain values; None where that cannot be told, and nothing is kept then.
    facts, feature_shape (of one row): known at once, from the store or by loading.
    Raises RunError where it has to be loaded and cannot be.
    """

    def __init__(
        self, config: Backbone, transform, scope: Callable[[], AbstractContextManager], root: Path | None, warn: Warn
    ):  # fmt: skip
        self.config, self._scope = config, scope
        self.input_shape, self.input_dtype = tuple(transform.output_shape), transform.output_dtype
        self.identity = self._identity()
        key = key_of(backbone=self.identity, input_shape=self.input_shape, input_dtype=self.input_dtype)
        self.record = BackboneRecord(root if self.identity else None, key, warn)
        if not {"facts", "feature_shape"} <= set(self.record.about):
            shape = self.function.output_shapes
            known = shape if shape.is_fully_defined() or shape[1:].is_fully_defined() else self._on_zeros()
            self.record.note(facts=asdict(self._loaded[1]), feature_shape=list(known[1:]))
        self.facts = config.described(BackboneFacts(**self.record.about["facts"]))
        self.feature_shape = tuple(self.record.about["feature_shape"])

    @property
    def layer(self) -> keras.Layer:
        """Loaded on first use, its variables made under the strategy's scope."""
        return self._loaded[0]

    def load(self) -> None:
        """Now rather than on first use."""
        self._loaded  # noqa: B018

    @cached_property
    def function(self):
        """Compiled, of batches of any size, not training: the truth that engines are held against."""
        from tfrun.backbone.layer import compiled

        return compiled(self.layer, self.input_shape, self.input_dtype)

    @property
    def rows_at_once(self) -> int:
        """Rows of one call, where memory and speed are at their best: many where there is nothing to compute."""
        return 64 if self.facts.parameters else 1024

    @property
    def is_loaded(self) -> bool:
        return "_loaded" in vars(self)

    @property
    def is_changed(self) -> bool:
        """Whether the weights in memory are others than those that were loaded, as after fine-tuning."""
        return self.is_loaded and _checksum(self.layer) != self._loaded[2]

    def weights_sha256(self) -> str:
        """Over dtype, shape and bytes of each variable, in order, as they are now."""
        if self.is_changed:
            return sha256(self.layer.variables)
        if "weights_sha256" not in self.record.about:
            self.record.note(weights_sha256=sha256(self.layer.variables))
        return self.record.about["weights_sha256"]

    @cached_property
    def _loaded(self) -> tuple[keras.Layer, BackboneFacts, int]:
        import tensorflow as tf

        with no_collection(), tf.init_scope():  # also when it is first asked for while a function is traced
            layer, facts = self.config.build(self.input_shape, self._scope)
        return layer, facts, _checksum(layer)

    def _on_zeros(self) -> tuple[int, ...]:
        import tensorflow as tf

        return tuple(self.function(tf.zeros((1, *self.input_shape), self.input_dtype)).shape)

    def _identity(self) -> dict[str, Any] | None:
        code, identity = code_of(type(self.config)), self.config.identity()
        if identity is None:
            identity = {"weights": sha256(self.layer.variables), "config": self.config.model_dump(mode="json")}
        return {"code": code, **identity} if code else None


def _values(variables: list[keras.Variable]) -> Iterator[np.ndarray]:
    return (np.ascontiguousarray(variable.numpy()) for variable in variables)


def _checksum(layer: keras.Layer) -> int:
    total = 0
    for value in _values(layer.variables):
        total = zlib.crc32(value.tobytes(), total)
    return total


def sha256(variables: list[keras.Variable]) -> str:
    """Over dtype, shape and bytes of each, in order."""
    digest = hashlib.sha256()
    for value in _values(variables):
        digest.update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
    return digest.hexdigest()
