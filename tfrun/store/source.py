"""The features of one model's backbone: looked up in the store, and computed where they are not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrun.backbone.choice import EngineChoice
from tfrun.backbone.lazy import LazyBackbone
from tfrun.component import plain
from tfrun.dataset import Split
from tfrun.store import FeatureStore
from tfrun.store.collection import Collection, Warn
from tfrun.store.extract import extract
from tfrun.store.features import Features
from tfrun.store.key import code_of, key_of
from tfrun.store.room import make_room
from tfrun.transform.batches import alone, transformed

if TYPE_CHECKING:
    import tensorflow as tf

    from tfrun.augment import Augment
    from tfrun.dataset import InputSpec
    from tfrun.experiment import Experiment

_SAMPLE = 16  # rows on which engines have to agree


class FeatureSource:
    """experiment: whose data, transform and backbone. transform: built. warn: told what went wrong and was overcome."""

    def __init__(
        self, experiment: Experiment, specs: tuple[InputSpec, ...], transform: tf.Module, backbone: LazyBackbone, warn: Warn
    ):
        self._store: FeatureStore = experiment.features
        self._experiment, self._specs, self._transform, self._warn = experiment, specs, transform, warn
        self._backbone, self._choice = backbone, EngineChoice(backbone)

    def features(
        self, split: Split, reach: Callable[[int], None], view: int = 0, augment: Augment | None = None, seed: int = 0
    ) -> Features:
        """See Model.features."""
        if view and augment is None:
            raise ValueError("a view above 0 is one of an augmentation: give augment")
        digests = split.content()
        seeds = _seeds(seed, view, digests) if view else None

        def compute(positions: np.ndarray) -> Iterator[np.ndarray]:
            engine = self._choice.get(name)
            chosen = None if seeds is None else seeds[positions]
            for inputs in transformed(split.take(positions), self._transform, engine.batch, augment, chosen):
                yield engine(inputs)

        def sample() -> np.ndarray:
            spread = np.linspace(0, len(split) - 1, min(_SAMPLE, len(split))).round().astype(int)
            return np.concatenate([self._transform(alone(split.read(row))).numpy() for row in split.positions[spread]])

        changed = self._backbone.is_changed
        name = "plain" if changed else self._choice.name(self._store.engine, sample)
        what = self._what(name, view, augment, seed)
        root = self._store.path if self._store.keep and what and not changed else None
        collection = Collection(root, key_of(**(what or {})), self._about(name, view, augment), self._warn)
        features = extract(collection, digests, self._backbone.feature_shape, name, compute, reach)
        if features.extracted and collection.root is not None:
            make_room(collection.root, self._store.limit_bytes)
        return features

    def _what(self, engine: str, view: int, augment: Augment | None, seed: int) -> dict[str, Any] | None:
        """Everything that decides a feature but the raw input; None where a part of it cannot be told."""
        transform, dataset = self._experiment.transform, self._experiment.dataset
        classes = [type(transform), type(self._transform), type(dataset), *([type(augment)] if view else [])]
        code = [code_of(cls) for cls in classes]
        if self._backbone.identity is None or None in code:
            return None
        return {
            "inputs": [[spec.name, spec.dtype, spec.shape, spec.kind] for spec in self._specs],
            "transform": [plain(transform), self._transform.output_shape, _state(self._transform)],
            "backbone": self._backbone.identity,
            "augmentation": [_without_views(augment), view, seed] if view else None,
            "engine": engine,
            "code": code,
        }

    def _about(self, engine: str, view: int, augment: Augment | None) -> dict[str, Any]:
        """What `python -m tfrun cache` shows."""
        shape = "×".join(map(str, self._transform.output_shape)) or self._transform.output_dtype
        kind = f", {type(augment).__name__} view {view}" if view else ""
        return {"backbone": self._backbone.facts.handle, "what": f"{shape}{kind}", "engine": engine}


def _seeds(seed: int, view: int, digests: np.ndarray) -> np.ndarray:
    """int32 [rows, 2], a function of the experiment's seed, the view and the row's content."""
    each = [hashlib.sha256(f"{seed}/{view}/".encode() + digest.tobytes()).digest()[:8] for digest in digests]
    return np.frombuffer(b"".join(each), np.int32).reshape(-1, 2)


def _without_views(augment: Augment) -> dict[str, Any]:
    """More views leave those there are as they are."""
    return {key: value for key, value in plain(augment).items() if key != "views"}


def _state(transform: tf.Module) -> str:
    """sha256 over what the transform was fitted to."""
    digest = hashlib.sha256()
    for variable in transform.variables:
        value = np.ascontiguousarray(variable.numpy())
        digest.update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
    digest.update(json.dumps(getattr(transform, "fitted", None), sort_keys=True).encode())
    return digest.hexdigest()
