"""Which engine runs a frozen backbone: found out once, kept in the store, the same ever after."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfrun.backbone import engine as engines
from tfrun.backbone.engine import Engine
from tfrun.backbone.garbage import no_collection
from tfrun.backbone.lazy import LazyBackbone
from tfrun.config.problems import Problem, RunError, shorten

_CONVERTIBLE = 100e6  # weights: beyond, conversion takes many gigabytes and comes near the 2 GB that a file can have


class EngineChoice:
    """The engines of one backbone.

    Features are kept apart by engine, and the choice does not depend on how much there is to compute: what a run computes
    never depends on what other runs have left in the store.
    """

    def __init__(self, backbone: LazyBackbone):
        self.backbone = backbone
        self._made: dict[str, Engine] = {}

    def name(self, wish: str, sample: Callable[[], np.ndarray]) -> str:
        """wish: `features.engine`. sample: gives real inputs, float32 [n, ...], on which engines have to agree.

        Raises RunError where the wish cannot be had.
        """
        if wish != "auto":
            self._require(wish, sample)
            return wish
        candidates = self._candidates()
        return next((name for name in candidates if self._agrees(name, sample)), "plain") if candidates else self._plain()

    def get(self, name: str) -> Engine:
        """Made on first use."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _candidates(self) -> list[str]:
        weights = self.backbone.facts.parameters
        if not weights or self._plain() != "plain" or self.backbone.input_dtype == "string":
            return []
        return ["litert", "graph"] if weights <= _CONVERTIBLE else ["graph"]

    def _plain(self) -> str:
        import tensorflow as tf

        return "plain_gpu" if tf.config.list_physical_devices("GPU") else "plain"  # another arithmetic, so another name

    def _require(self, name: str, sample: Callable[[], np.ndarray]) -> None:
        if name != "plain" and not self._agrees(name, sample):
            rule = f"cannot run this backbone ({self.backbone.record.about[name]['reason']})"
            raise RunError(Problem("features.engine", rule, "use features.engine=auto", name))

    def _agrees(self, name: str, sample: Callable[[], np.ndarray]) -> bool:
        record = self.backbone.record
        known = record.about.get(name, {})
        if "difference" in known and name == "litert" and record.converted() is None:
            known = {}
        if not known:
            self._try(name, sample())
        return "difference" in record.about[name]

    def _try(self, name: str, inputs: np.ndarray) -> None:
        """Notes the largest difference from the module itself, or why this engine is none for it."""
        record, function = self.backbone.record, self.backbone.function
        with ThreadPoolExecutor(1) as pool:  # the module's first call takes as long as the conversion
            truth = pool.submit(lambda: function(inputs).numpy())
            try:
                content = self._convert() if name == "litert" else None
                engine = engines.litert(content, self.backbone.input_shape) if content else self._make(name)
                difference = engines.difference(engine, inputs, truth.result())
            except Exception as error:  # converter and interpreter raise ConverterError, RuntimeError, ValueError and others
                record.note(**{name: {"reason": shorten(error, 200)}})
                return
        if difference > engines.AGREES:
            record.note(**{name: {"reason": f"its features differ from the module's by {difference:.2g}"}})
            return
        self._made[name] = engine
        if content:
            record.keep_converted(content, difference=difference)
        else:
            record.note(**{name: {"difference": difference}})

    def _convert(self) -> bytes:
        from tfrun.backbone.convert import freeze, to_litert

        with no_collection():
            return to_litert(freeze(self.backbone.function))

    def _make(self, name: str) -> Engine:
        if name == "litert":
            return engines.litert(self.backbone.record.converted(), self.backbone.input_shape)
        if name == "graph":
            from tfrun.backbone.convert import freeze

            return engines.graph(freeze(self.backbone.function))
        return engines.plain(self.backbone.function, name, self.backbone.rows_at_once)
