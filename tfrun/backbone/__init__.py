"""Backbones: pretrained modules that turn inputs into features."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tfrun.component import Component
from tfrun.config.problems import Problem


@dataclass(frozen=True)
class BackboneFacts:
    """What an audit asks of a backbone. sha256: over the module's files, in order of their names."""

    handle: str
    version: str = "unknown"
    licence: str = "unknown"
    sha256: str = ""
    parameters: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class Backbone(Component):
    """Protocol of the group: `build(input_shape, scope)` gives a built Keras layer and its facts.

    With `identity`, its features are found in the feature store without loading it.
    """

    def build(self, input_shape: tuple[int, ...], scope: Callable[[], AbstractContextManager] = nullcontext):
        """input_shape: one input without the batch axis; () is a string. scope: of the strategy, entered to make variables.

        Returns (keras.Layer, BackboneFacts). Raises RunError.
        """
        raise NotImplementedError

    def identity(self) -> dict[str, Any] | None:
        """What decides its outputs, in plain values, told without loading it: a hash of the weights and how they are called.

        None: not known before it is loaded; then it is loaded in each run, and its variables are what counts. The source of
        the class counts in any case. Raises RunError where there is no backbone to be had.
        """
        return None

    def described(self, facts: BackboneFacts) -> BackboneFacts:
        """facts: of a backbone of the same identity, which may have had another handle. Returns them under this one's name."""
        return facts

    def preferred_size(self) -> tuple[int, int]:
        """Height and width in pixels that the backbone was made for."""
        return (224, 224)

    def refuses_training(self) -> Problem | None:
        """Why its weights cannot be trained, where that is known before the module is loaded."""
        return None
