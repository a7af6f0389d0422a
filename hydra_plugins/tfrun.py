"""Hydra looks for plugins in this namespace package only. Imported by every Hydra app: nothing heavy here."""

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper


class TfrunSweeper(Sweeper):
    """`hydra/sweeper=tfrun`: the keys are those of the group `sweep` of an experiment."""

    def setup(self, *, hydra_context, task_function, config):
        self.config, self.task_function, self.hydra_context = config, task_function, hydra_context

    def sweep(self, arguments):
        from tfrun.sweep.command import sweep

        return sweep(self, arguments)


ConfigStore.instance().store(
    group="hydra/sweeper", name="tfrun", node={"_target_": "hydra_plugins.tfrun.TfrunSweeper"}, provider="tfrun"
)
