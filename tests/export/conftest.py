"""A small real model, ready to be exported, once for all tests of exports in a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Ready:
    """A trained model's parts: what targets get (`source`), what files are measured on (`held`)."""

    model: object
    held: object
    source: object

    @property
    def directory(self) -> Path:
        return self.source.run_directory


@pytest.fixture(scope="session")
def ready(module, fashion, tmp_path_factory) -> Ready:
    import tensorflow as tf

    from tfrun import load
    from tfrun.evaluation.standard import Standard
    from tfrun.export import Source, contract
    from tfrun.export import module as exported
    from tfrun.export.held import Held
    from tfrun.model import build

    experiment = load(["+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32"])
    data = fashion.limited(64)
    model = build(experiment, data, tf.distribute.OneDeviceStrategy("/CPU:0"))
    directory = tmp_path_factory.mktemp("run")
    scratch = directory / "exports" / ".source"
    exported.save(model, scratch / "saved_model")
    split = data.splits["test"]
    probabilities = model.predict(split)
    held = Held(split, probabilities, Standard().measure(split.labels, probabilities, 10))
    content = contract.contract(model, contract.example(split))
    return Ready(model, held, Source("quickstart", scratch / "saved_model", data, held, content, directory, 0))


@pytest.fixture(scope="session")
def for_web(ready) -> dict:
    """Artifacts of both web targets by name, in all variants."""
    from tfrun import TFJS, LiteRTJS

    targets = [TFJS(variants=["float32", "float16", "uint8"]), LiteRTJS(representative_examples=20)]
    return {artifact.name: artifact for target in targets for artifact in target.write(ready.source)}
