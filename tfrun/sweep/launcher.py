"""Hydra's side of a launcher that the user chose: which one, how many jobs it is given at once, and what it calls in each."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tfrun.apart.limits import Limits
from tfrun.config.problems import ConfigError, Problem
from tfrun.cores import cores
from tfrun.sweep import Sweep
from tfrun.sweep.job import conduct
from tfrun.sweep.launcher_pool import LauncherPool, Running
from tfrun.sweep.space import Space, as_override

_PACKAGES = {
    "joblib": "hydra-joblib-launcher", "ray": "hydra-ray-launcher", "ray_aws": "hydra-ray-launcher",
    "submitit_local": "hydra-submitit-launcher", "submitit_slurm": "hydra-submitit-launcher",
}  # fmt: skip
_OWN_POOL = "basic"  # Hydra's default, a job after another in this process: tfrun's pools are better


def chosen(config: Any) -> str | None:
    """Name of the launcher; None: Hydra's default. config: with Hydra's own part."""
    name = config.hydra.runtime.choices.get("hydra/launcher", _OWN_POOL)
    return None if name == _OWN_POOL else name


def problems_of(overrides: list[str]) -> list[Problem]:
    """A package that is not there. Hydra itself would only say that there is no such option."""
    name = next((text.partition("=")[2] for text in overrides if text.startswith("hydra/launcher=")), "")
    package = _PACKAGES.get(name)
    if package is None or find_spec(f"hydra_plugins.{package.replace('-', '_')}"):
        return []
    return [Problem("hydra/launcher", f"needs {package}, not installed here", f"pip install {package}", name)]


def pool_of(plugin: Any, name: str, settings: Sweep, space: Space, directory: Path, limits: Limits) -> LauncherPool:
    """plugin: our sweeper, set up. directory: of the sweep. Raises ConfigError where nobody says how large a batch is."""
    batch, at_once = _sizes(name, plugin.config.hydra.launcher, settings, space)
    return LauncherPool(name, _Launch(plugin, space, directory), batch, at_once, limits)


def _sizes(name: str, config: Any, settings: Sweep, space: Space) -> tuple[int, int]:
    """Trials in a batch, and how many of them run at a time."""
    jobs = config.get("n_jobs") or config.get("array_parallelism")  # joblib's, Slurm's
    jobs = cores() if jobs and jobs < 0 else jobs
    if isinstance(settings.workers, int):
        return settings.workers, min(settings.workers, jobs or settings.workers)
    if settings.learns and name != "joblib":
        rule = "has to be a number: this engine learns from batch to batch"
        raise ConfigError(Problem("sweep.workers", rule, "say how many trials a batch has", settings.workers))
    queues = jobs or "ray" in config  # else all jobs of a batch run at a time
    most = min((count for count in (settings.trials, space.combinations) if count), default=None)
    batch = (most if queues and not settings.learns else None) or jobs or cores()
    return batch, min(batch, jobs or cores())


class _Launch:
    """Gives jobs to the launcher and returns what each has returned."""

    def __init__(self, plugin: Any, space: Space, directory: Path):
        from omegaconf import open_dict, read_write

        self._plugin, self._space = plugin, space
        self._config = copy.deepcopy(plugin.config)
        with read_write(self._config), open_dict(self._config):
            self._config.hydra.sweep.dir = str(directory.absolute())

    def __call__(self, jobs: list[Running]) -> list[Any]:
        from hydra.core.plugins import Plugins

        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self._plugin.hydra_context, task_function=task, config=self._config
        )
        returned = launcher.launch([self._overrides(job) for job in jobs], initial_job_idx=jobs[0].number)
        return [_value(each) for each in returned]

    def _overrides(self, running: Running) -> list[str]:
        """Those of the trial, in the form that Hydra takes, and those that make the job's folder Hydra's."""
        from tfrun.config.compose import opened

        values = [as_override(key, value) for key, value in running.values.items()]
        folder = running.job.folder
        of_hydra = [as_override("hydra.sweep.dir", str(folder.parent)), as_override("hydra.sweep.subdir", folder.name)]
        return [*opened([*self._space.fixed, *values]), *of_hydra]


def _value(returned: Any) -> Any:
    """What the task function returned, or what Hydra caught."""
    from hydra.core.utils import JobStatus

    return returned.return_value if returned.status == JobStatus.COMPLETED else returned._return_value


def task(config: Any) -> dict[str, Any]:
    """In the job, wherever it runs. config: what Hydra composed there; the sweep has checked and ordered the same."""
    from hydra.core.hydra_config import HydraConfig

    return conduct(HydraConfig.get().runtime.output_dir)
