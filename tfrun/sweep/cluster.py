"""Where the trials of a sweep run with sweep.pool=ray."""

from __future__ import annotations

from tfrun.component import Settings, setting
from tfrun.config.extras import needed
from tfrun.config.problems import Problem


class Ray(Settings):
    """Where trials run with sweep.pool=ray, and what each is given there."""

    address: str | None = setting(
        None,
        "of the cluster, as ray.init takes it: auto, HOST:6379, ray://HOST:10001; null: one on this machine, while the sweep runs",
    )
    cpus: float = setting(1.0, "of a trial", unit="cores", ge=0)
    gpus: float = setting(0.0, "of a trial", unit="GPUs", ge=0)

    def problems(self) -> list[Problem]:
        found = needed("sweep.pool", "ray", "ray", value="ray")
        if not self.cpus and not self.gpus:
            found.append(Problem("sweep.ray.cpus", "a trial needs something to run on", "give it a core or sweep.ray.gpus", 0))
        return found
