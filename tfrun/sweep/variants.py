"""From the values of a trial to its experiment, in milliseconds: Hydra composes once for each choice of options."""

from __future__ import annotations

import copy
from typing import Any

from omegaconf import OmegaConf

from tfrun.component import plain
from tfrun.config.compose import composed
from tfrun.config.load import from_mapping
from tfrun.config.problems import Problem
from tfrun.config.switched import without_stale
from tfrun.experiment import Experiment
from tfrun.sweep.space import Space, Values, as_override


class Variants:
    """The experiments of a space. Raises ConfigError where one is wrong."""

    def __init__(self, space: Space):
        self.space = space
        self._composed: dict[tuple[str, ...], Any] = {}

    def experiment(self, values: Values) -> Experiment:
        experiment = from_mapping(self.mapping(values))
        return experiment.fast() if experiment.debug == "fast" else experiment

    def plain(self, values: Values) -> dict[str, Any]:
        """As `experiment`, in plain values."""
        return plain(self.experiment(values))

    def mapping(self, values: Values) -> dict[str, Any]:
        overrides = [*self.space.fixed, *(as_override(key, value) for key, value in values.items())]
        options = {key: value for key, value in values.items() if "." not in key and _is_option(value)}
        chosen = [*self.space.fixed, *(as_override(key, value) for key, value in options.items())]
        config = copy.deepcopy(self._compose(tuple(chosen)))
        for key, value in values.items():
            if key not in options:
                OmegaConf.update(config, key.lstrip("+~"), value, force_add=True)
        return without_stale(OmegaConf.to_container(config, resolve=True, throw_on_missing=False), overrides)

    def _compose(self, overrides: tuple[str, ...]):
        if overrides not in self._composed:
            self._composed[overrides] = composed(list(overrides))
        return self._composed[overrides]

    def problems(self) -> list[Problem]:
        """All that is wrong with any value of the space."""
        from tfrun.config.check import check
        from tfrun.config.problems import ConfigError

        found: dict[Problem, None] = {}
        for values in self.space.probes():
            try:
                found |= dict.fromkeys(check(self.experiment(values)))
            except ConfigError as error:
                found |= dict.fromkeys(error.problems)
        return list(found)


def _is_option(value: Any) -> bool:
    """Only a key without a dot can name a group; a plain number there is a key of the experiment itself, such as seed."""
    return isinstance(value, str | list)
