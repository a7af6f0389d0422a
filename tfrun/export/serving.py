"""TensorFlow Serving: a version folder, and all that a server of it is told."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import model_validator

from tfrun.apart import Failed, apart
from tfrun.apart.limits import Limits
from tfrun.component import setting
from tfrun.export import Artifact, Export, Source

_LONGEST = 600.0  # seconds for answering the warm-up requests
_EXTRA = "assets.extra"  # TensorFlow's name of a folder for what it does not read


class Serving(Export):
    """For TensorFlow Serving: the SavedModel with warm-up requests, server configs, docker-compose and Kubernetes files.

    `python -m tfrun push` takes it into a repository of versions.
    """

    works_apart: ClassVar[bool] = True

    name: str | None = setting(
        None, "the model's name in the server; null: the experiment's", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
    )
    version: int | None = setting(
        None, "null: the time of the export (Unix seconds), so that a later export is a higher version wherever it is copied",
        ge=1, lt=2**63,
    )  # fmt: skip
    warmup_rows: int = setting(10, "held-out rows a server answers before a version takes traffic", unit="rows", ge=0, le=1000)
    max_difference: float = setting(
        1e-4,
        "largest difference from the trained model, of probabilities, or of numbers over the standard deviation of the labels",
        gt=0,
    )
    image: str = setting("tensorflow/serving:2.19.1", "container image of the server, in docker-compose and Kubernetes files")
    cpus: float = setting(2.0, "of one server", gt=0)
    batch_size: int = setting(32, "largest batch a server puts requests together to", unit="rows", ge=1)
    replicas: int = setting(2, "stable servers, at least", ge=1)
    max_replicas: int = setting(4, "stable servers, at most", ge=1)

    @model_validator(mode="after")
    def _has_room_to_scale(self):
        if self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas = {self.max_replicas} must be at least replicas = {self.replicas}")
        return self

    @property
    def target(self) -> str:
        return "serving"

    def largest_difference(self, variant: str) -> float:
        return self.max_difference

    def write(self, source: Source) -> list[Artifact]:
        from tfrun.disk import sync_folder

        name, version = self.name or source.name, self.version or int(time.time())
        folder = source.run_directory / "exports" / "serving"
        visible = folder / name / str(version)
        hidden = visible.with_name(f".incoming-{version}")
        path = str(visible.relative_to(source.run_directory))
        try:
            warmed = self._fill(hidden, name, source)
        except Failed as error:
            shutil.rmtree(hidden, ignore_errors=True)
            return [Artifact(self.target, "default", path, "saved_model", reasons=[f"cannot be served: {error}"])]
        self._tell(folder, name, version, warmed["peak_memory_bytes"], source.contract)
        hidden.rename(visible)
        sync_folder(visible.parent)
        details = {"model": name, "version": version, "warm_up_requests": warmed["requests"]}
        return [Artifact(self.target, "default", path, "saved_model", details=details)]

    def _fill(self, hidden: Path, name: str, source: Source) -> dict[str, int]:
        """Writes the version. Returns what `warmup.replay` says of it. Raises Failed where it cannot answer."""
        from tfrun.export import contract
        from tfrun.serving import warmup

        shutil.copytree(source.saved_model, hidden)
        if self.warmup_rows:
            warmup.write(hidden, name, source.held.split.first(self.warmup_rows).inputs())
        contract.write(source.contract, hidden / _EXTRA)
        return apart("tfrun.serving.warmup:replay", Limits(_LONGEST), version=str(hidden))

    def _tell(self, folder: Path, name: str, version: int, memory: int, contract: dict[str, Any]) -> None:
        from tfrun.serving import configs, kubernetes, readme
        from tfrun.serving.compose import compose

        labels = dict.fromkeys(configs.LABELS, version)
        batching = configs.batching(self.batch_size, max(1, round(self.cpus)))
        needs = kubernetes.Needs(
            name, self.image, self.cpus, memory, _one_shape(contract), batching, self.replicas, self.max_replicas
        )
        texts = {
            "models.config": configs.models({name: labels}, {}),
            **{f"{name}/{label}.config": configs.track(name, labels, label) for label in configs.LABELS},
            "batching.config": batching,
            "monitoring.config": configs.MONITORING,
            "docker-compose.yml": _yaml(compose(needs)),
            **{f"kubernetes/{file}": _yaml(content) for file, content in kubernetes.manifests(needs).items()},
            "README.md": readme.text(needs, version, contract, self.warmup_rows),
        }
        (folder / "kubernetes").mkdir(exist_ok=True)
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")


def _one_shape(contract: dict[str, Any]) -> bool:
    """Whether all requests have rows of one shape: a server that batches refuses to put others together."""
    inputs = contract["signatures"]["serving_default"]["inputs"]
    return all(None not in described["shape"][1:] for described in inputs)


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
